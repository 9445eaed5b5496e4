/** Stopping a run by SIGINT and SIGTERM. */

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Records SIGINT or SIGTERM, so that a run can end after the current step. A second signal ends the process at once.
 */
export class StopSignal {
  /** Undefined until a signal arrives; then 128 plus the number of the signal. */
  exitCode: number | undefined;
  private readonly handlers: [Deno.Signal, () => void][] = [];

  /**
   * Starts listening. Listening ends when the object is disposed.
   *
   * @param onSignal called with the name of the first signal
   */
  constructor(onSignal: (name: string) => void = () => {}) {
    for (const [signal, code] of Object.entries(codes) as [keyof typeof codes, number][]) {
      const handler = () => {
        if (this.exitCode !== undefined) Deno.exit(code);
        this.exitCode = code;
        onSignal(signal);
      };
      Deno.addSignalListener(signal, handler);
      this.handlers.push([signal, handler]);
    }
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of this.handlers) Deno.removeSignalListener(signal, handler);
  }
}
