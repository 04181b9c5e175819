/** What whoever asks for an address that nothing has is told; what is hidden from a caller says the same. */
export const NOTHING_HERE = {
  code: 'NOT_FOUND',
  message: 'Nothing has this address.',
  fix: 'Check its spelling and the method: pages begin with `/`, routes with `/api/v1/`, and `/graphql` takes POST.',
} as const;
