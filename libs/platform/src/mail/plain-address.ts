/** One plain address; anything more could name people whom nobody meant, or further header lines. */
export const PLAIN_ADDRESS = /^[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]+(\.[\w-]+)*$/;
