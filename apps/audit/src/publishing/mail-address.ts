/** Of a `mailto:` address. */
export function mailAddressIn(address: string): string {
  return new URL(address).pathname;
}
