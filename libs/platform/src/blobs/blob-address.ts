/** SHA-256 in lower-case hex. */
export function isBlobAddress(sha256: string): boolean {
  return /^[0-9a-f]{64}$/.test(sha256);
}
