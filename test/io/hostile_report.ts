/**
 * Reads every hostile file in a process of its own, and prints how it ended, the time and the peak memory (Linux).
 *
 *     deno run --allow-all test/io/hostile_report.ts
 */

import { readWeights } from "../../src/io/weights_file.ts";
import { DataError } from "../../src/errors.ts";
import { hostileFiles } from "./hostile_files.ts";

interface Outcome {
  end: "read" | "refused" | "failed";
  seconds: number;
  /** The process's peak memory, in MiB. */
  peak: number;
}

/** Reads one file, in a process of its own. */
async function readOne(path: string): Promise<Outcome> {
  const start = performance.now();
  let end: Outcome["end"] = "read";
  try {
    await readWeights(path);
  } catch (error) {
    end = error instanceof DataError ? "refused" : "failed";
  }
  const seconds = (performance.now() - start) / 1000;
  const status = await Deno.readTextFile("/proc/self/status");
  return { end, seconds, peak: Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024 };
}

async function readAll(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const rows: (Outcome & { name: string; bytes: number; must: string })[] = [];
  try {
    for (const { name, make, must } of hostileFiles()) {
      const path = `${folder}/hostile.pt`;
      const content = make();
      await Deno.writeFile(path, content);
      const args = ["run", "--no-prompt", "--allow-all", import.meta.filename!, path];
      const { stdout, code } = await new Deno.Command(Deno.execPath(), { args, stderr: "null" }).output();
      const outcome: Outcome = code === 0
        ? JSON.parse(new TextDecoder().decode(stdout))
        : { end: "failed", seconds: NaN, peak: NaN };
      rows.push({ name, must, bytes: content.length, ...outcome });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const count = (end: string) => rows.filter((row) => row.end === end).length;
  const wrong = rows.filter(({ must, end }) => {
    return end === "failed" || (must === "read" && end !== "read") ||
      (must === "refuse" && end !== "refused");
  });
  console.log(
    `${rows.length} files: ${count("read")} read, ${count("refused")} refused, ${count("failed")} failed`,
  );
  console.log(`ended otherwise than they must: ${wrong.map(({ name }) => name).join(", ") || "none"}`);
  const show = (title: string, key: "seconds" | "peak", unit: string) => {
    console.log(`\n${title}`);
    for (const row of rows.toSorted((a, b) => b[key] - a[key]).slice(0, 8)) {
      console.log(
        `  ${row[key].toFixed(1)} ${unit}  ${row.end}  ${(row.bytes / 2 ** 20).toFixed(1)} MiB  ${row.name}`,
      );
    }
  };
  show("longest", "seconds", "s");
  show("largest peak memory", "peak", "MiB");
}

if (Deno.args.length === 1) console.log(JSON.stringify(await readOne(Deno.args[0]!)));
else await readAll();
