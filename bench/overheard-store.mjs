/** The store, with `told` called with the events of each append when they are stored. */
export function overheard(store, told) {
  const append = async (stream, events, expected) => {
    const outcome = await store.append(stream, events, expected);
    told(events);
    return outcome;
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'append') return append;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
