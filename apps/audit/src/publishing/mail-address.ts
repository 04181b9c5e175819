/** One plain address; anything more could name people whom nobody meant. */
export const PLAIN_ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(\.[\w-]+)*$/;

/** Of a `mailto:` address. */
export function mailAddressIn(address: string): string {
  return new URL(address).pathname;
}
