import { complaintOf } from './stream-complaint.js';

describe('what a provider complains of in the middle of an answer', () => {
  it.each([
    [
      'by its type',
      { type: 'overloaded_error', message: 'Busy', statusCode: 529 },
      { type: 'overloaded_error', statusCode: 529, isRetryable: true },
    ],
    [
      'within an error',
      { error: { message: 'No', code: 'insufficient_quota' } },
      { code: 'insufficient_quota', isRetryable: false },
    ],
    [
      'within the error of a response',
      { response: { error: { message: 'No', status_code: 429 } } },
      { statusCode: 429, isRetryable: true },
    ],
    ['with a status as a text', { message: 'No', status: '503' }, { statusCode: 503, isRetryable: true }],
    ['with a status as its code', { message: 'No', code: 400 }, { code: 400, statusCode: 400, isRetryable: false }],
    ['in a sentence alone', { message: 'Model overloaded' }, { statusCode: 503, isRetryable: true }],
    [
      'and says itself that it passes',
      { message: 'No', is_retryable: true },
      { statusCode: undefined, isRetryable: true },
    ],
    ['by the name of what every object has', { message: 'constructor' }, { statusCode: undefined, isRetryable: false }],
  ])('is read %s', (_case, said, found) => {
    expect(complaintOf(said)).toMatchObject(found);
  });

  it.each([['text'], [null], [7], [{ message: 7 }], [{}]])('is none where it says nothing: %p', said => {
    expect(complaintOf(said)).toBeUndefined();
  });
});
