import { eventsByCategory } from './catalogue.js';
import { DEPLOYED_SERVICES, ownerOf, STREAM_OWNERS } from './stream-owners.js';

describe('the streams of the platform', () => {
  it('have one writing service per category (E3)', () => {
    const categories = DEPLOYED_SERVICES.flatMap(service => STREAM_OWNERS[service] as readonly string[]);
    expect(new Set(categories).size).toBe(categories.length);
  });

  it('are written by a service that is known for every category that holds events', () => {
    for (const category of Object.keys(eventsByCategory))
      expect([category, ownerOf(category)]).not.toContain(undefined);
  });

  it('are nobody’s when their category is unknown', () => {
    expect(ownerOf('nonsense')).toBeUndefined();
  });
});
