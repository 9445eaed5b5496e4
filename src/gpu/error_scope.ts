/** WebGPU's error scopes: what WebGPU finds wrong with a call becomes an exception of that call. */

/** The adapter has too little free memory for a buffer. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
}

const filters: readonly GPUErrorFilter[] = ["validation", "out-of-memory", "internal"];

/**
 * Runs `make` within error scopes and returns its result. Calls may overlap: each gets the errors of its own `make`.
 *
 * @throws {OutOfMemoryError} if WebGPU reports that memory ran out
 * @throws {Error} if `make` throws or WebGPU reports another error; the message begins with `label`
 */
export async function withErrorScopes<Made>(
  device: GPUDevice,
  label: string,
  make: () => Made,
): Promise<Made> {
  for (const filter of filters) device.pushErrorScope(filter);
  let made: Made;
  try {
    made = make();
  } catch (error) {
    await popScopes(device);
    throw new Error(`${label}: ${firstLines((error as Error).message)}`);
  }
  const error = (await popScopes(device)).find((each) => each);
  if (error) {
    const Kind = error instanceof GPUOutOfMemoryError ? OutOfMemoryError : Error;
    throw new Kind(`${label}: ${firstLines(error.message)}`);
  }
  return made;
}

/** Pops all scopes before waiting for any: the device has one stack, onto which an overlapping call pushes its own. */
function popScopes(device: GPUDevice): Promise<(GPUError | null)[]> {
  return Promise.all(filters.map(() => device.popErrorScope()));
}

/** A message of WebGPU in one line: its first twelve lines that are not empty. */
export function firstLines(message: string): string {
  return message.trim().split("\n").map((line) => line.trim()).filter((line) => line).slice(0, 12).join(" ");
}
