const WRONG = 2;

/** What a command was called with; when that is wrong, it says why and how it is called, and ends with exit code 2. */
export function commandLine<T>(read: () => T, help: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n\n${help}\n`);
    process.exit(WRONG);
  }
}
