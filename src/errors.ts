/** The two kinds of error that the command line prints as one line, without a stack trace. */

/** The data, a file or the run is at fault. The command line prints the message and exits with code 1. */
export class DataError extends Error {
  override name = "DataError";
}

/** The command was called incorrectly. The command line prints the message and exits with code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
