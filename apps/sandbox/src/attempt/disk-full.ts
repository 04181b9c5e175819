import { Fault } from '@runledger/kernel';

const CODE = 'DISK_FULL';

/** No room is left where the platform keeps its files. What was recorded before is whole. The cause names the file, for the log. */
class DiskFullError extends Fault {
  constructor({ code, syscall }: NodeJS.ErrnoException, cause: unknown) {
    const met = [code, syscall].filter(word => word !== undefined).join(', ');
    super(CODE, `The disk of the platform is full: what this step needs could not be written (${met}).`, { cause });
  }
}

/** The fault that says so, when the disk of the platform is what an error comes from, here or in a runner; undefined of any other. */
export function diskFull(error: unknown): Fault | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof Fault && at.code === CODE) return at;
    const { code } = at as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return new DiskFullError(at, error);
  }
  return undefined;
}
