/** The checks of the architecture, on small sources made up to break each rule. */

import { assertEquals } from "@std/assert";
import { circles, importsOf } from "./imports.ts";
import {
  circleFaults,
  directionFaults,
  type FolderRule,
  lengthFaults,
  orderFaults,
  platformFaults,
  rulesInMarkdown,
  webGpuFaults,
  widthFaults,
} from "./rules.ts";
import { scan } from "./source_text.ts";

const sources = (files: Record<string, string>) => new Map(Object.entries(files));

Deno.test("code, strings, templates, regular expressions and comments are told apart", () => {
  const { code, withoutComments, commentLines } = scan(
    [
      'const a = "// no comment"; // one',
      "const b = /[/\"]'/.test(a) && 4 / 2 / 1; /* two",
      "lines */ const c = `// text ${`${{ d }.d} /* text`} */ ${e}`;",
    ].join("\n"),
  );
  assertEquals(withoutComments.split("\n").map((line) => line.trim()), [
    'const a = "// no comment";',
    "const b = /[/\"]'/.test(a) && 4 / 2 / 1;",
    "const c = `// text ${`${{ d }.d} /* text`} */ ${e}`;",
  ]);
  assertEquals(code.replaceAll(/ +/g, " ").split("\n").map((line) => line.trim()), [
    "const a = ;",
    "const b = .test(a) && 4 / 2 / 1;",
    "const c = ` {` {{ d }.d} `} {e}`;",
  ]);
  assertEquals([...commentLines], [0, 1, 2]);
});

Deno.test("all kinds of imports are found, and those in comments and strings are not", () => {
  const source = `/** import { a } from "./example.ts"; */
import {
  a,
} from "./a.ts";
import type { B } from "../b.ts";
import "./c.ts";
export * from "./d.ts";
import text from "./e.wgsl" with { type: "text" };
const f = await import("./f.ts"), g = new URL("./g.ts", import.meta.url);
import { join } from "node:path";`;
  const { specifiers, modules } = importsOf("src/x/x.ts", source);
  assertEquals(
    modules,
    [..."a"].map(() => "src/x/a.ts").concat(
      "src/b.ts",
      ..."cd".split("").map((each) => `src/x/${each}.ts`),
      "src/x/e.wgsl",
      "src/x/f.ts",
      "src/x/g.ts",
    ),
  );
  assertEquals(specifiers.at(-1), "node:path");
});

Deno.test("what a browser loads may name neither Deno nor packages, however far away", () => {
  const files = sources({
    "src/trained/a.ts": 'import "../io/b.ts"; // Deno.exit()',
    "src/trained/a_file.ts": 'import "npm:other";',
    "src/io/b.ts": 'import { join } from "node:path"; export * from "./c.ts"; const text = "Deno.exit()";',
    "src/io/c.ts": 'import "fflate"; Deno.exit();',
    "src/io/d.ts": "Deno.exit();",
  });
  const isEntry = (path: string) => path.startsWith("src/trained/") && !path.endsWith("_file.ts");
  assertEquals(platformFaults(files, isEntry), [
    "src/io/b.ts (imported by src/trained/a.ts) imports node:path",
    "src/io/c.ts (imported by src/io/b.ts) imports fflate",
    "src/io/c.ts (imported by src/io/b.ts) names Deno",
  ]);
});

Deno.test("WebGPU may be named where it is allowed only", () => {
  const files = sources({
    "src/gpu/a.ts": "const usage = GPUBufferUsage.STORAGE;",
    "src/a.ts": "const usage = GPUBufferUsage.STORAGE;",
    "src/b.ts": "function f(gpu: Gpu) { return navigator.hardwareConcurrency; } // navigator.gpu",
    "src/c.ts": "const adapter = await navigator.gpu.requestAdapter();",
    "src/d.ts": "let device: GPUDevice;",
  });
  assertEquals(webGpuFaults(files, (path) => path.startsWith("src/gpu/")), [
    "src/a.ts names GPUBufferUsage",
    "src/c.ts names navigator.gpu",
    "src/d.ts names GPUDevice",
  ]);
});

const rules: FolderRule[] = [["src", []], ["a", ["src"]], ["b", ["src", "a"]], ["cli", ["b"]]];

Deno.test("an import against the direction is a fault, and so is a folder without a rule", () => {
  const files = sources({
    "src/random.ts": 'import "./a/x.ts";',
    "src/a/x.ts": 'import "../random.ts"; import "./y.ts"; import type { B } from "../b/x.ts";',
    "src/b/x.ts": 'import "../a/x.ts"; import "../../kernels/x.wgsl";',
    "cli/x.ts": 'import "../src/b/x.ts"; import configuration from "../deno.json" with { type: "json" };',
    "scripts/x.ts": "",
  });
  assertEquals(directionFaults(files, rules), [
    "scripts is in no rule",
    "src/a/x.ts imports src/b/x.ts, but a may not import b",
    "src/b/x.ts imports kernels/x.wgsl, but b may not import kernels",
    "src/random.ts imports src/a/x.ts, but src may not import a",
  ]);
});

Deno.test("rules that allow a circle of folders are faults", () => {
  assertEquals(orderFaults(rules), []);
  assertEquals(orderFaults([["a", ["b"]], ["b", ["a"]]]), [
    "a may import b, which does not stand above it",
  ]);
});

Deno.test("modules in a circle are found, those of types alone included", () => {
  const files = sources({
    "src/a.ts": 'import type { B } from "./b.ts"; import "./d.ts";',
    "src/b.ts": 'import "./c.ts";',
    "src/c.ts": 'import "./a.ts"; import "./e.ts";',
    "src/d.ts": 'import "./e.ts";',
    "src/e.ts": 'export * from "./e.ts";',
  });
  const circle = ["src/c.ts", "src/a.ts", "src/b.ts"];
  assertEquals(circleFaults(files, []).sort(), ["src/a.ts ↔ src/b.ts ↔ src/c.ts", "src/e.ts"]);
  assertEquals(circleFaults(files, [circle]), ["src/e.ts"]);
  assertEquals(circles(new Map([["a", ["b", "c"]], ["b", ["d"]], ["c", ["d"]], ["d", []]])), []);
});

Deno.test("long files and wide comments are faults, wide code and directives are not", () => {
  const wide = "x".repeat(121);
  const files = sources({
    "long.ts": "\n".repeat(300) + "x\n",
    "short.ts": "\n".repeat(299) + "x\n",
    "wide.ts": `// short\n// ${wide}\nconst text = "// ${wide}";\n/*\n${wide}\n*/`,
    "kernel.wgsl": `//: if ${wide}\n// ${"é".repeat(117)}\n  // ${wide}`,
  });
  assertEquals(lengthFaults(files, 300), ["long.ts has 301 lines, more than 300"]);
  assertEquals(widthFaults(files, 120), [
    "wide.ts:2 has 124 columns, more than 120",
    "wide.ts:5 has 121 columns, more than 120",
    "kernel.wgsl:3 has 126 columns, more than 120",
  ]);
});

Deno.test("the rules are read from a Markdown table", () => {
  const markdown =
    "# Title\n\n| folder | may import |\n|---|---|\n| `src` | nothing |\n| `b` | `src`, `a` |\n\nText";
  assertEquals(rulesInMarkdown(markdown), [["src", []], ["b", ["src", "a"]]]);
  assertEquals(rulesInMarkdown("no table"), [["", []]]);
});
