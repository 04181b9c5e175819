/** Stands for `@jest/globals`: what it offers belongs to the spec file at hand, so it is looked up whenever it is used. */
export const jest = new Proxy({}, { get: (_target, name) => globalThis.jest[name] });
