/** Where the engine runs: what differs between Deno and browsers, and what to say where there is no adapter. */

/** The members of `navigator` that tell one platform from another. */
export interface Host {
  userAgent?: string;
  platform?: string;
  gpu?: unknown;
}

/** Browsers offer WebGPU to secure contexts only; Deno has no such notion. */
const { isSecureContext } = globalThis as { isSecureContext?: boolean };

/** The platform that this code runs on. */
function currentHost(): Host {
  return globalThis.navigator ?? {};
}

/**
 * True if `createComputePipelineAsync` compiles without blocking the calling thread. In Deno it is synchronous, and
 * reports errors less precisely than `createComputePipeline` within an error scope.
 */
export function compilesInBackground({ userAgent = "" } = currentHost()): boolean {
  return !userAgent.startsWith("Deno/");
}

/** True in web pages and their workers. */
export function isBrowser({ userAgent = "" } = currentHost()): boolean {
  return userAgent.startsWith("Mozilla/");
}

/** Why there is no adapter, and what the user can do about it on their platform, in one line. */
export function missingAdapterMessage(host = currentHost(), isSecure = isSecureContext): string {
  if (isBrowser(host)) return missingInBrowser(host, isSecure);
  const missing = "no GPU adapter was found";
  if (!host.gpu) return `${missing}: this runtime offers no WebGPU (navigator.gpu is missing)`;
  const { platform = "" } = host;
  if (platform.startsWith("Linux")) {
    return `${missing}: install a Vulkan driver (on Debian: apt-get install libvulkan1 mesa-vulkan-drivers)`;
  }
  if (platform.startsWith("Win")) {
    return `${missing}: install or update the graphics driver (WebGPU needs Direct3D 12 or Vulkan)`;
  }
  if (platform.startsWith("Mac")) {
    return `${missing}: WebGPU needs Metal, which some virtual machines do not offer`;
  }
  return `${missing}: install a driver for Vulkan, Direct3D 12 or Metal`;
}

function missingInBrowser({ gpu }: Host, isSecure: boolean | undefined): string {
  if (gpu) {
    return "the browser offers no GPU adapter: turn on hardware acceleration in its settings, or update the graphics driver";
  }
  const missing = "WebGPU is not available";
  if (isSecure === false) {
    return `${missing}: browsers offer it only to pages from https:// and from localhost`;
  }
  return `${missing} in this browser: try Chrome or Edge 113, Safari 26, Firefox 141, or a later version`;
}
