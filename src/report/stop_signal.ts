/** SIGINT and SIGTERM end a run after the current step; a second one ends it at once. */

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

export class StopSignal {
  /** The exit code of the signal that arrived, 128 and its number. */
  exitCode: number | undefined;
  private readonly handlers: [Deno.Signal, () => void][] = [];

  /** Listens until {@linkcode dispose}. */
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
