/** Something is wrong with the data or with the run; the command line prints the message on one line and exits with 1. */
export class DataError extends Error {
  override name = "DataError";
}

/** The command was called wrongly; the command line prints the message on one line and exits with 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
