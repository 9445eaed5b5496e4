/** Deno and browsers are told apart, and each gets advice that fits. */

import { assertEquals, assertMatch } from "@std/assert";
import { compilesInBackground, type Host, isBrowser, missingAdapterMessage } from "../../src/gpu/platform.ts";

const gpu = {};
const deno = { userAgent: "Deno/2.9.6", gpu };
const chrome = { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0", platform: "Linux x86_64" };

Deno.test("Deno compiles in the calling thread, browsers and Node.js in the background", () => {
  assertEquals(compilesInBackground(), false);
  assertEquals([deno, chrome, { userAgent: "Node.js/24" }, {}].map(compilesInBackground), [
    false,
    true,
    true,
    true,
  ]);
});

Deno.test("a browser is known by its user agent", () => {
  assertEquals(isBrowser(), false);
  assertEquals([deno, chrome, {}].map(isBrowser), [false, true, false]);
});

const advice: [string, Host, boolean | undefined, RegExp][] = [
  [
    "Linux",
    { ...deno, platform: "Linux x86_64" },
    undefined,
    /Vulkan.*apt-get install libvulkan1 mesa-vulkan-drivers/,
  ],
  [
    "Windows",
    { ...deno, platform: "Win32" },
    undefined,
    /update the graphics driver \(WebGPU needs Direct3D 12/,
  ],
  ["macOS", { ...deno, platform: "MacIntel" }, undefined, /Metal/],
  ["an unknown system", deno, undefined, /Vulkan, Direct3D 12 or Metal/],
  ["a runtime without WebGPU", { userAgent: "Node.js/24" }, undefined, /this runtime offers no WebGPU/],
  [
    "a browser without WebGPU",
    chrome,
    true,
    /in this browser: try Chrome or Edge 113, Safari 26, Firefox 141/,
  ],
  ["an insecure page", chrome, false, /only to pages from https:\/\/ and from localhost/],
  ["a browser without an adapter", { ...chrome, gpu }, true, /hardware acceleration/],
];

for (const [where, host, isSecure, expected] of advice) {
  Deno.test(`the message about a missing adapter fits ${where}`, () => {
    const message = missingAdapterMessage(host, isSecure);
    assertMatch(message, expected);
    assertMatch(message, /^[^\n]+$/);
  });
}
