#!/usr/bin/python3
"""Makes test/data_files/hdf5/: small HDF5 files, sound and unsound, and what h5py reads from the sound ones.

Run with Debian's python3-h5py and python3-numpy: /usr/bin/python3 test/golden/make_hdf5.py
"""

import json
import pathlib

import h5py
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data_files" / "hdf5"
MEAN = np.array([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
DEVIATION = np.array([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)
COUNT, CHANNELS, HEIGHT, WIDTH = 5, 3, 3, 10

random = np.random.default_rng(816)


def draw(low, high):
    """Random numbers in runs of five, so that packing makes them smaller: an image that it would not is not packed."""
    return np.repeat(random.integers(low, high, (COUNT, CHANNELS, HEIGHT, WIDTH // 5)), 5, axis=3)


# Multiples of 1/64 under 4 in size are exact in float16, so every float type holds the same numbers.
FLOATS = draw(-255, 256) / 64
BYTES = draw(0, 256)
WORDS = draw(0, 65536)
LABEL_ROWS = np.array([[i % 2, i / 4] for i in range(COUNT)])

IMAGE = (1, CHANNELS, HEIGHT, WIDTH)
LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": IMAGE},
    "gzip": {"chunks": IMAGE, "compression": "gzip"},
    "gzip_shuffle": {"chunks": IMAGE, "compression": "gzip", "shuffle": True},
    "lzf": {"chunks": IMAGE, "compression": "lzf", "shuffle": True},
    # Chunks that hold parts of several images, and do not divide the shape.
    "odd_chunks": {"chunks": (2, 2, 2, 7), "compression": "gzip", "shuffle": True},
}


def write(name, images, labels=LABEL_ROWS, libver="earliest", **layout):
    with h5py.File(FOLDER / name, "w", libver=libver) as file:
        if images is not None:
            file.create_dataset("img", data=images, **layout)
            if "compression" in layout:
                chunks = file["img"].id
                assert not any(chunks.get_chunk_info(i).filter_mask for i in range(chunks.get_num_chunks()))
        if labels is not None:
            file.create_dataset("labels", data=labels)


def normalised(images, largest):
    """What a reader makes of integer images, repeated to three channels if they have one."""
    scaled = images.astype(np.float64) / largest
    return (scaled - MEAN) / DEVIATION


def expected(name):
    """What h5py reads, as float32 numbers [N, 3, H, W]."""
    with h5py.File(FOLDER / name) as file:
        images, labels = file["img"][...], file["labels"][...]
    if images.ndim == 3:
        images = images[:, None]
    if images.shape[1] == 1:
        images = np.repeat(images, 3, axis=1)
    largest = {"uint8": 255, "uint16": 65535}.get(images.dtype.name)
    values = normalised(images, largest) if largest else images.astype(np.float64)
    return {
        "dtype": images.dtype.newbyteorder("=").name,
        # The shortest decimals that name the float32.
        "images": [float(str(value)) for value in values.astype(np.float32).ravel()],
        "labels": labels.astype(np.float64).ravel().tolist(),
    }


def without_repeats(results):
    """{file: {dtype, images, labels}} with each list of numbers kept once, and named by its place."""
    lists = []
    for result in results.values():
        for key in ["images", "labels"]:
            if result[key] not in lists:
                lists.append(result[key])
            result[key] = lists.index(result[key])
    return {"files": results, "numbers": lists}


def make_sound_files():
    contents = {"f": FLOATS, "u1": BYTES, "u2": WORDS}
    names = []
    for code in ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "|u1", "<u2", ">u2"]:
        images = contents["f" if "f" in code else code[1:]].astype(code)
        order = {"<": "le", ">": "be", "|": ""}[code[0]]
        # Every type in the two layouts that are most unlike, and some types in all of them.
        layouts = LAYOUTS if code in ["<f4", "|u1"] else ["contiguous", "lzf"]
        for layout in layouts:
            name = f"{images.dtype.name}{order}_{layout}.h5"
            # Both of the format's chunk indices are read; the old one takes 5 kB a file.
            libver = "earliest" if code == "<f4" and layout in ["lzf", "odd_chunks"] else "latest"
            write(name, images, LABEL_ROWS.astype(code if "f" in code else "f4"), libver, **LAYOUTS[layout])
            names.append(name)

    for name, images in {
        "gray_3d_float32.h5": FLOATS[:, 0].astype("f4"),
        "gray_4d_float32.h5": FLOATS[:, :1].astype("f4"),
        "gray_3d_uint8.h5": BYTES[:, 0].astype("u1"),
        "gray_4d_uint8.h5": BYTES[:, :1].astype("u1"),
    }.items():
        write(name, images)
        names.append(name)
    for name, labels in {
        "labels_int64.h5": np.array([[i, -i] for i in range(COUNT)], "i8"),
        "labels_bool.h5": np.array([[i % 2 == 0, i > 2] for i in range(COUNT)]),
        "labels_uint8_be16.h5": np.array([[i, 300] for i in range(COUNT)], ">u2"),
    }.items():
        write(name, BYTES.astype("u1"), labels)
        names.append(name)
    names += make_files_in_chunks()
    with h5py.File(FOLDER / "attributes.h5", "w") as file:
        file.create_dataset("img", data=BYTES.astype("u1"))
        file.create_dataset("labels", data=LABEL_ROWS)
        file.attrs["title"] = "five small images"
        file["img"].attrs["mean"] = MEAN.ravel()
        file["img"].attrs["half"] = np.float16(0.5)
        file["labels"].attrs["class_names"] = ["left", "right"]
    names.append("attributes.h5")
    make_files_with_class_names()
    (FOLDER / "expected.json").write_text(json.dumps(without_repeats({name: expected(name) for name in names})) + "\n")


def make_files_in_chunks():
    """Chunks under the old index that are not one image each, not all packed, or not all there."""
    rows = {"chunks": (2, CHANNELS, HEIGHT, WIDTH)}
    write("float32le_chunked_rows.h5", FLOATS.astype("<f4"), **rows)
    write("float32be_gzip_shuffle_rows.h5", FLOATS.astype(">f4"), compression="gzip", shuffle=True, **rows)
    images = BYTES.astype("u1")
    with h5py.File(FOLDER / "uint8_gzip_left_out.h5", "w") as file:
        chunks = file.create_dataset("img", data=images, **LAYOUTS["gzip"]).id
        for index in [1, 3]:
            # A bit for the first filter: this chunk has not been through it.
            chunks.write_direct_chunk((index, 0, 0, 0), images[index].tobytes(), filter_mask=1)
        assert [chunks.get_chunk_info(i).filter_mask for i in range(COUNT)] == [0, 1, 0, 1, 0]
        file.create_dataset("labels", data=LABEL_ROWS)
    with h5py.File(FOLDER / "uint8_chunked_holes.h5", "w") as file:
        holed = file.create_dataset("img", images.shape, "u1", fillvalue=7, **LAYOUTS["chunked"])
        for index in [0, 1, 4]:
            holed[index] = BYTES[index]
        file.create_dataset("labels", data=LABEL_ROWS)
    return [
        "float32le_chunked_rows.h5",
        "float32be_gzip_shuffle_rows.h5",
        "uint8_gzip_left_out.h5",
        "uint8_chunked_holes.h5",
    ]


def make_files_with_class_names():
    """Two labels, and their names in each way that a text, or texts, can be an attribute."""
    for name, place, value in [
        ("list", "labels", ["Lung Lesion", "Überhöhung"]),
        ("fixed_list", "img", np.array([b"Lung Lesion", b"Edema"])),
        ("null_padded_list", "labels", np.array([b"Lung Lesion", b"Edema"], "S32")),
        ("object_array", "/", np.array(["Lung Lesion", "Edema"], dtype=h5py.string_dtype())),
        ("column", "labels", np.array([[b"Lung Lesion"], [b"Edema"]])),
        ("lines", "labels", "Lung Lesion\nEdema\n"),
        ("commas", "/", np.bytes_("Lung Lesion, Edema")),
        ("three", "labels", ["one", "two", "three"]),
        ("one", "labels", "one"),
        ("numbers", "labels", [1.0, 2.0]),
        ("twice", "labels", ["Edema", "Edema "]),
        ("empty", "labels", ["Edema", ""]),
    ]:
        with h5py.File(FOLDER / f"class_names_{name}.h5", "w", libver="latest") as file:
            file.create_dataset("img", data=np.zeros((1, 2, 2), "u1"))
            file.create_dataset("labels", data=np.zeros((1, 2), "u1"))
            file[place].attrs["class_names"] = value


def make_unsound_files():
    images = BYTES.astype("u1")
    write("bad_no_img.h5", None)
    write("bad_no_labels.h5", images, None)
    write("bad_counts_differ.h5", images, LABEL_ROWS[:4])
    write("bad_zero_images.h5", images[:0], LABEL_ROWS[:0])
    write("bad_two_dimensions.h5", images[0, 0])
    write("bad_five_dimensions.h5", images[None])
    write("bad_two_channels.h5", images[:, :2])
    write("bad_int32.h5", images.astype("i4"))
    write("bad_text.h5", np.array([b"one", b"two"]))
    write("bad_compound.h5", np.zeros((5, 3), [("x", "f4"), ("y", "f4")]))
    write("bad_labels_flat.h5", images, LABEL_ROWS[:, 0])
    for name, value in {"nan": np.nan, "infinity": -np.inf, "overflow": 1e300}.items():
        spoilt = FLOATS.astype("f8" if name == "overflow" else "f2")
        spoilt[3, 1, 2, 4] = value
        write(f"bad_{name}.h5", spoilt, libver="latest", **LAYOUTS["gzip"])
    spoilt = LABEL_ROWS.copy()
    spoilt[2, 1] = np.nan
    write("bad_nan_label.h5", images, spoilt)
    spoilt[4, 0] = np.inf
    write("bad_infinite_label.h5", images, spoilt)

    with h5py.File(FOLDER / "bad_group.h5", "w") as file:
        file.create_group("img").create_dataset("data", data=images)
    with h5py.File(FOLDER / "bad_scalar.h5", "w") as file:
        file["img"] = 1.5
    with h5py.File(FOLDER / "bad_null.h5", "w") as file:
        file["img"] = h5py.Empty("f4")
    with h5py.File(FOLDER / "bad_link.h5", "w") as file:
        file["img"] = h5py.SoftLink("/elsewhere")
    with h5py.File(FOLDER / "bad_virtual.h5", "w") as file:
        layout = h5py.VirtualLayout(images.shape, "u1")
        layout[...] = h5py.VirtualSource("elsewhere.h5", "img", images.shape)
        file.create_virtual_dataset("img", layout)

    # A filter that no library knows: the number of gzip in the filter message is overwritten.
    write("bad_filter.h5", images, **LAYOUTS["gzip"])
    content = (FOLDER / "bad_filter.h5").read_bytes()
    message = b"\x01\x00\x08\x00\x01\x00\x01\x00deflate"
    assert content.count(message) == 1
    (FOLDER / "bad_filter.h5").write_bytes(content.replace(message, b"\x37\x7d\x08\x00\x00\x00\x01\x00mystery"))

    # A packed image whose bytes are wrong.
    write("bad_chunk.h5", images, libver="latest", **LAYOUTS["gzip"])
    with h5py.File(FOLDER / "bad_chunk.h5") as file:
        place = file["img"].id.get_chunk_info_by_coord((4, 0, 0, 0))
    content = bytearray((FOLDER / "bad_chunk.h5").read_bytes())
    content[place.byte_offset : place.byte_offset + place.size] = b"\x55" * place.size
    (FOLDER / "bad_chunk.h5").write_bytes(content)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    make_sound_files()
    make_unsound_files()
