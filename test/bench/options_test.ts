/** The options of the benchmark commands. */

import { assertEquals, assertThrows } from "@std/assert";
import { benchCommand, benchVersusCommand, checkSize, readList } from "../../bench/options.ts";
import { readPeerSpeed } from "../../bench/versus.ts";
import { readOptions } from "../../cli/options.ts";
import { DataError, UsageError } from "../../src/errors.ts";

Deno.test("readList reads whole numbers separated by commas", () => {
  assertEquals(readList("sizes", "32, 64,128"), [32, 64, 128]);
  for (const text of ["", "32,", "a", "3.5", "-8", "0", "32;64", "1e3", "99999999999999999999"]) {
    assertThrows(() => readList("sizes", text), UsageError, `--sizes ${text}: expected whole numbers`);
  }
});

Deno.test("checkSize refuses sides that the model cannot take", () => {
  checkSize("sizes", "vqvae", 64);
  checkSize("sizes", "densenet", 32);
  assertThrows(
    () => checkSize("sizes", "densenet", 28),
    UsageError,
    "--sizes 28: too small for DenseNet-121, whose last block would have no pixels",
  );
  assertThrows(
    () => checkSize("sizes", "vqvae", 36),
    UsageError,
    "--sizes 36: the model takes images with sides that are multiples of 8",
  );
});

Deno.test("the commands' options", () => {
  assertEquals(readOptions(["--model", "densenet"], benchCommand)!.model, "densenet");
  assertThrows(
    () => readOptions(["--model", "resnet"], benchCommand),
    UsageError,
    "--model resnet: expected vqvae or densenet",
  );
  const options = readOptions(["--quick", "--filter", "adam", "--steps=3"], benchCommand)!;
  assertEquals([options.quick, options.filter, options.steps], [true, "adam", 3]);
  assertEquals([options.sizes, options.batches, options.json], ["32,64", "8,32", undefined]);
  for (const wrong of [["--stepz", "3"], ["--steps", "0"], ["--steps", "x"], ["conv2d"]]) {
    assertThrows(() => readOptions(wrong, benchCommand), UsageError);
  }
  assertThrows(() => readOptions(["--rounds", "0"], benchVersusCommand), UsageError, "--rounds 0");
});

Deno.test("readPeerSpeed reads the output of the other program", () => {
  assertEquals(readPeerSpeed("peer", 'starting\n{"img_s": 3}\n{"peer":"x","img_s":4.5}\ndone\n'), 4.5);
  for (
    const output of ["", "4.5", "null", '{"images": 3}', '{"img_s": "4"}', '{"img_s": 0}', '{"img_s": -1}']
  ) {
    assertThrows(
      () => readPeerSpeed("peer", output),
      DataError,
      'peer: expected a line of JSON with "img_s"',
    );
  }
});
