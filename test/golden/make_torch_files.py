"""Writes test/data_files/torch: files of torch.save in every form that is read, safetensors files put together by hand from
their specification, and values.json with what each holds, or with the words of the refusal.

    /usr/bin/python3 test/golden/make_torch_files.py

Made with PyTorch 1.13. A file that already holds the same values is left alone: the legacy format writes memory addresses.
"""

import argparse
import builtins
import collections
import dataclasses
import datetime
import io
import json
import math
import os
import pathlib
import pickle
import struct
import zipfile

import numpy as np
import torch

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data_files", "torch")
NAMES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}
expected = {}


def without_source(*_):
    """The legacy format saves modules with their source code, which these files do not need."""
    raise OSError


torch.serialization.get_source_lines_and_file = without_source


class Opaque:
    """Stands for an object of a class that vqray does not know."""

    def __init__(self, name):
        self.name = name


def described(value):
    """A value as JSON that tells every type apart."""
    if isinstance(value, Opaque):
        return {"object": value.name}
    if isinstance(value, torch.Tensor):
        return {"tensor": NAMES[value.dtype], "shape": list(value.shape), "values": numbers(value)}
    if isinstance(value, dict):
        return {"dict": [[described(key), described(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list": [described(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"set": sorted(value)}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": list(value)}
    if isinstance(value, (torch.device, torch.dtype)):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, int) and abs(value) >= 2**53:
        return {"integer": str(value)}
    return value


def numbers(tensor):
    """Row-major; integers beyond 2**53 as text."""
    values = tensor.detach().contiguous().reshape(-1).tolist()
    return [str(value) if type(value) is int and abs(value) >= 2**53 else value for value in values]


def path(name):
    return os.path.join(FOLDER, name)


def write(name, content):
    with open(path(name), "wb") as file:
        file.write(content)


def save(name, value, legacy=False, protocol=2):
    expected[name] = {"value": described(value)}
    if os.path.exists(path(name)) and described(torch.load(path(name))) == expected[name]["value"]:
        return
    torch.save(value, path(name), _use_new_zipfile_serialization=not legacy, pickle_protocol=protocol)


def save_refused(name, value, words, legacy=False):
    expected[name] = {"refused": words}
    if not os.path.exists(path(name)):
        torch.save(value, path(name), _use_new_zipfile_serialization=not legacy)


def ramp(*shape, dtype=torch.float32):
    return (torch.arange(math.prod(shape)) * 0.5 - 3).reshape(shape).to(dtype)


def small_model():
    torch.manual_seed(1)
    model = torch.nn.Sequential(collections.OrderedDict(
        conv=torch.nn.Conv2d(3, 4, 3), norm=torch.nn.BatchNorm2d(4), linear=torch.nn.Linear(4, 2)))
    model.norm(torch.randn(2, 4, 3, 3))
    return model


def checkpoint():
    model = torch.nn.Linear(3, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(ramp(*parameter.shape))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-4)
    model(ramp(4, 3)).square().sum().backward()
    optimizer.step()
    state = collections.OrderedDict(("module." + key, value) for key, value in model.state_dict().items())
    return {
        "epoch": 40, "best": 0.125, "state_dict": state, "optimizer": optimizer.state_dict(), "nothing": None,
        "flags": [True, False], "name": "vqvae é 中 😀", "shape": (3, 2), "empty": [(), [], {}, "", b"", set()],
        "bytes": bytes([0, 127, 128, 255]), "large": [2**31, -2**31 - 1, 2**53 - 1, 2**63, -2**70, 10**30, 70000, 256, -1],
        "floats": [float("nan"), float("inf"), float("-inf"), 1e-300, -0.5], "ids": {3, 1, 2}, "size": torch.Size([4, 5]),
        "device": torch.device("cuda:1"), "dtype": torch.float32, 7: "a number as key", "__proto__": {"polluted": 1},
        "constructor": ramp(2), "nested": {"list": [{"deep": [ramp(2, 2), (ramp(1),)]}]},
    }


def views():
    base = ramp(4, 6)
    cube = ramp(2, 3, 4)
    return {
        "transposed": base.t(), "columns": base[:, 1:5:2], "row": base[2], "rows": base[1:3], "base": base,
        "permuted": cube.permute(2, 0, 1), "repeated": ramp(3, 1).expand(3, 4), "scalar": torch.tensor(2.5),
        "scalar_inside": base[1, 2], "empty": torch.zeros(0), "empty_matrix": torch.zeros(0, 3), "one": ramp(1, 1, 1),
        "ones_strided": base[:, 3:4], "wide": cube.double().permute(1, 2, 0), "long": torch.arange(6).reshape(2, 3).t(),
        "bool": torch.tensor([[True, False], [True, True]]).t(), "half": ramp(2, 3, dtype=torch.float16).t(),
    }


def all_types():
    whole = {
        torch.int64: [0, 1, -1, 2**62, -2**63], torch.int32: [0, 1, -1, 2**31 - 1, -2**31], torch.int16: [0, 32767, -32768],
        torch.int8: [0, 127, -128], torch.uint8: [0, 1, 255], torch.bool: [True, False, True],
    }
    real = [0.0, -0.0, 1.0, -2.5, 1 / 3, 65504.0, 6e-8, 1e-3]
    values = {NAMES[dtype]: torch.tensor(items, dtype=dtype) for dtype, items in whole.items()}
    values.update({NAMES[d]: torch.tensor(real, dtype=d) for d in (torch.float64, torch.float32, torch.float16, torch.bfloat16)})
    return values


def parameters():
    tagged = ramp(3)
    tagged.note = "an attribute"
    tied = torch.nn.Parameter(ramp(2, 2))
    return {"weight": tied, "same": tied, "frozen": torch.nn.Parameter(ramp(2), requires_grad=False), "tagged": tagged}


class Refers:
    """Pickles as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def later_functions():
    """Calls that later versions of PyTorch write."""

    def _rebuild_parameter_with_state(data, requires_grad, hooks, state):
        return data

    def named(function, module):
        function.__module__, function.__qualname__ = module, function.__name__
        setattr(torch._utils, function.__name__, function)
        return function

    rebuild = named(_rebuild_parameter_with_state, "torch._utils")
    name = "later_functions.pt"
    value = {"weight": ramp(2, 3)}
    expected[name] = {"value": described(value)}
    if not os.path.exists(path(name)):
        torch.save({"weight": Refers(rebuild, value["weight"], True, collections.OrderedDict(), {"note": 1})}, path(name))


def repacked():
    """The same archive deflated, with zip64 records, and as a machine of the other byte order writes it."""
    value = {"weight": ramp(8, 8), "index": torch.arange(5), "half": ramp(3, dtype=torch.float16), "flag": torch.tensor([True])}
    file = io.BytesIO()
    torch.save(value, file)
    source = zipfile.ZipFile(file)
    members = [(info.filename, source.read(info)) for info in source.infolist()]

    def pack(name, members, **options):
        with zipfile.ZipFile(path(name), "w", **options) as target:
            for member, content in members:
                target.writestr(zipfile.ZipInfo(member), content, compress_type=options.get("compression"))
        expected[name] = {"value": described(value)}

    pack("deflated.pt", members, compression=zipfile.ZIP_DEFLATED)
    limits = zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 1, 1
    pack("zip64.pt", members)
    zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = limits

    root = members[0][0].split("/")[0]
    sizes = [tensor.element_size() for tensor in value.values()]
    swapped = [(f"{root}/byteorder", b"big")]
    for member, content in members:
        if "/data/" in member:
            content = np.frombuffer(content, f"u{sizes[int(member.rsplit('/')[-1])]}").byteswap().tobytes()
        swapped.append((member, content))
    pack("big_endian.pt", swapped)


def python2():
    """The legacy format as PyTorch 0.3 under Python 2 wrote it: text as bytes, GPU storages, storages that are views."""
    def text(value):
        content = value.encode()
        return b"U" + bytes([len(content)]) + content

    def storage(key, view):
        return b"(" + text("storage") + b"ctorch.cuda\nFloatStorage\n" + text(key) + text("cuda:0") + b"K\x06" + view + b"tQ"

    def tensor(stored, size, stride):
        return b"ctorch._utils\n_rebuild_tensor\n(" + stored + b"K\x00" + size + stride + b"tR"

    whole = tensor(storage("11", b"N"), b"K\x02K\x03\x86", b"K\x03K\x01\x86")
    view = tensor(storage("11", b"(" + text("12") + b"K\x02K\x04t"), b"K\x04\x85", b"K\x01\x85")
    ids = b"c__builtin__\nset\n](K\x01K\x02e\x85R"
    state = b"ccollections\nOrderedDict\n]](" + text("whole") + whole + b"ea](" + text("view") + view + b"ea\x85R"
    content = b"\x80\x02}(" + text("net") + state + text("ids") + ids + text("caf\u00e9") + b"U\x01\xe9u."
    data = struct.pack("<q6f", 6, *ramp(6).tolist())
    head = b"".join(pickle.dumps(item, 2) for item in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
    write("python2.pth", head + content + pickle.dumps(["11"], 2) + data)
    net = collections.OrderedDict(whole=ramp(6).reshape(2, 3), view=ramp(6)[2:])
    loaded = torch.load(path("python2.pth"), map_location="cpu", encoding="latin1")
    assert described(loaded["net"]) == described(net) and loaded["ids"] == {1, 2}
    # Text that is no UTF-8 is taken as Latin-1.
    expected["python2.pth"] = {"value": described({"net": net, "ids": {1, 2}, "café": "é"})}


def densenet():
    state = collections.OrderedDict()
    for layer in ("norm.1.weight", "norm.1.running_mean", "norm.1.num_batches_tracked", "conv.1.weight", "norm.2.bias",
                  "conv.2.weight"):
        state[f"module.features.denseblock1.denselayer1.{layer}"] = ramp(2)
    state["module.features.norm0.weight"] = ramp(1)
    save("densenet_old.pth", {"epoch": 3, "state_dict": state}, legacy=True)


def save_opaque(name, value, content, legacy=False):
    """Saves a value with objects that are read as opaque ones: `content` is what is read."""
    expected[name] = {"value": described(content)}
    if not os.path.exists(path(name)):
        torch.save(value, path(name), _use_new_zipfile_serialization=not legacy)


def hostile():
    system = Opaque("posix.system")
    save_opaque("hostile_system.pt", {"weight": Refers(os.system, "true")}, {"weight": system})
    save_opaque("hostile_legacy.pt", Refers(os.system, "true"), system, legacy=True)
    save_opaque("hostile_eval.pt", [Refers(builtins.eval, "1 + 1")], [Opaque("builtins.eval")])
    save_opaque("whole_model.pt", torch.nn.Linear(1, 1), Opaque("torch.nn.modules.linear.Linear"))
    save_opaque("sparse.pt", torch.eye(2).to_sparse(), Opaque("torch._utils._rebuild_sparse_tensor"))
    save_opaque("complex.pt", torch.zeros(1, dtype=torch.complex64), Opaque("a tensor of ComplexFloatStorage"))
    save_opaque("complex_legacy.pt", {"b": ramp(2), "c": torch.zeros(3, dtype=torch.complex64), "a": ramp(1)},
                {"b": ramp(2), "c": Opaque("a tensor of ComplexFloatStorage"), "a": ramp(1)}, legacy=True)
    save_refused("expanded.pt", torch.zeros(1).expand(10**11), "its tensors would take more than")
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), script)
    write("script.pt", script.getvalue())
    expected["script.pt"] = {"value": described(Opaque("__torch__.torch.nn.modules.activation.ReLU"))}
    module = small_model().eval()
    script = io.BytesIO()
    torch.jit.save(torch.jit.script(module), script)
    if not os.path.exists(path("script_weights.pt")):
        write("script_weights.pt", script.getvalue())
    expected["script_weights.pt"] = {"value": described(Opaque("__torch__.torch.nn.modules.container.Sequential"))}
    write("plain.pickle", pickle.dumps({"weight": [1, 2, 3]}, 2))
    expected["plain.pickle"] = {"refused": "it is not a file of torch.save: PyTorch's magic number is missing"}


class Settings(collections.OrderedDict):
    pass


@dataclasses.dataclass
class Config:
    lr: float


def beside_weights():
    """State dicts beside what training scripts save with them. The last two files were made by hand, for PyTorch 2.3."""
    log = collections.defaultdict(list)
    log["loss"].append(0.5)
    scalar, array = Opaque("numpy.core.multiarray.scalar"), Opaque("numpy.core.multiarray._reconstruct")
    for legacy, suffix in ((False, "zip"), (True, "legacy")):
        weights = {"weight": ramp(2, 3), "bias": ramp(2)}
        save_opaque(f"beside_{suffix}.pt", {
            "args": argparse.Namespace(lr=3e-4, size=256), "best": np.float64(0.0123), "history": np.arange(4.0), "log": log,
            "settings": Settings(a=1), "config": Config(0.1), "raw": bytearray(b"\x00\xff"), "path": pathlib.PurePosixPath("/a"),
            "counts": collections.Counter("aab"), "last": collections.deque([1, 2], 5), "none": type(None),
            "optimizer": torch.optim.SGD([torch.nn.Parameter(ramp(1))], 0.1), "net": weights, "now": datetime.date(2020, 1, 1),
        }, {
            "args": Opaque("argparse.Namespace"), "best": scalar, "history": array, "log": {"loss": [0.5]},
            "settings": Opaque("__main__.Settings"), "config": Opaque("__main__.Config"), "raw": b"\x00\xff",
            "path": Opaque("pathlib.PurePosixPath"), "counts": {"a": 2, "b": 1}, "last": [1, 2], "none": Opaque("builtins.type"),
            "optimizer": Opaque("torch.optim.sgd.SGD"), "net": weights, "now": Opaque("datetime.date"),
        }, legacy)
        module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.BatchNorm2d(1))
        save_opaque(f"module_{suffix}.pt", {"ema": module}, {"ema": Opaque("torch.nn.modules.container.Sequential")}, legacy)
    expected["np_scalar.pt"] = {"value": described({
        "state_dict": torch.load(path("np_scalar.pt"))["state_dict"], "best": scalar, "auc": scalar})}
    expected["v3_uint16.pt"] = {"value": {"dict": [["w", {"tensor": "U16", "shape": [4], "values": [0, 1, 2, 3]}]]}}


def save_safetensors(name, tensors, metadata):
    """As the reference implementation lays them out: wide element types first, then by name."""
    order = ["I64", "F64", "F32", "I32", "BF16", "F16", "I16", "I8", "U8", "BOOL"]
    header, parts, begin = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for key, tensor in sorted(tensors.items(), key=lambda item: (order.index(NAMES[item[1].dtype]), item[0])):
        tensor = tensor.contiguous()
        content = (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy().tobytes()
        header[key] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, begin + len(content)]}
        begin += len(content)
        parts.append(content)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    write(name, struct.pack("<Q", len(text)) + text + b"".join(parts))
    expected[name] = {"tensors": {key: described(value) for key, value in tensors.items()}, "metadata": metadata}


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for legacy, suffix in ((False, "zip"), (True, "legacy")):
        save(f"model_{suffix}.pt", small_model().state_dict(), legacy)
        save(f"checkpoint_{suffix}.pt", checkpoint(), legacy)
        save(f"views_{suffix}.pt", views(), legacy)
        save(f"types_{suffix}.pt", all_types(), legacy)
        save(f"parameters_{suffix}.pt", parameters(), legacy)
        save(f"tiny_{suffix}.pt", {"a": ramp(2)}, legacy)
        for protocol in (1, 3, 4, 5):
            save(f"protocol{protocol}_{suffix}.pt", {"a": [ramp(2), True, 2**40, {1}, b"\xff"]}, legacy, protocol)
    save("no_tensors.pt", {"epoch": 1, "history": [1, 2]})
    later_functions()
    repacked()
    python2()
    densenet()
    hostile()
    beside_weights()
    save_safetensors("types.safetensors", all_types(), {"format": "pt", "note": "é \"quoted\"\n"})
    save_safetensors("names.safetensors", {
        "10": ramp(2), "9": ramp(1), "__proto__": ramp(2, 2), "é.weight": ramp(3), "scalar": torch.tensor(1.5),
        "empty": torch.zeros(0, 4)}, {})
    with open(path("values.json"), "w") as file:
        lines = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in sorted(expected.items())]
        file.write("{\n" + ",\n".join(lines) + "\n}\n")


main()
