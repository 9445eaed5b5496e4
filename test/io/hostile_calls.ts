/** Calls in pickles that would run code, files or programs. */

import { marker } from "./hostile_kind.ts";
import { global, joined, type Part, text } from "./torch_builder.ts";

export const command = text(`touch ${marker}`);

/** Functions that run code, files or programs, with arguments. */
export const calls: [name: string, ...args: Part[]][] = [
  ["os.system", command],
  ["posix.system", command],
  ["nt.system", command],
  ["subprocess.Popen", joined("](", text("touch"), text(marker), "e")],
  ["subprocess.check_output", command, [0x88]],
  ["builtins.eval", text(`open("${marker}", "w")`)],
  ["builtins.exec", text(`open("${marker}", "w")`)],
  ["__builtin__.eval", text(`open("${marker}", "w")`)],
  ["builtins.compile", text("1"), text("a"), text("exec")],
  ["builtins.open", text(marker), text("w")],
  ["builtins.__import__", text("os")],
  ["builtins.getattr", global("os.system"), text("__call__")],
  ["builtins.map", global("os.system"), joined("](", command, "e")],
  ["importlib.import_module", text("antigravity")],
  ["pickle.loads", joined("U\x04cos\n")],
  ["_pickle.Unpickler", "N"],
  ["marshal.loads", text("a")],
  ["types.FunctionType", "N", "}"],
  ["types.CodeType", "K\x00"],
  ["ctypes.CDLL", text("libc.so.6")],
  ["functools.partial", global("os.system"), command],
  ["operator.methodcaller", text("system"), command],
  ["runpy.run_path", text(marker)],
  ["shutil.rmtree", text(marker)],
  ["webbrowser.open", text("http://localhost")],
  ["socket.create_connection", "N"],
  ["torch.load", text(marker)],
  ["torch.utils.cpp_extension.load", text("a")],
  ["torch.hub.load", text("a"), text("b")],
  ["torch._utils.os.system", command],
  ["numpy.load", text(marker)],
  ["numpy.testing._private.utils.runstring", text("1"), "}"],
  ["site.execsitecustomize"],
  ["Deno.Command", text("touch")],
  ["globalThis.eval", text("1")],
  ["constructor.constructor", text("return 1")],
  ["__proto__.constructor", text("return 1")],
];
