/** One Jest project for the whole workspace: ESM, SWC, real stores (see libs/testing). */
export default {
  rootDir: import.meta.dirname,
  runtime: '<rootDir>/scripts/jest/native-runtime.mjs',
  testEnvironment: '<rootDir>/scripts/jest/native-environment.mjs',
  testRunner: '<rootDir>/scripts/jest/measured-circus.mjs',
  reporters: ['default', '<rootDir>/scripts/jest/cost-reporter.mjs'],
  testMatch: ['<rootDir>/{apps,libs,bench}/**/*.{spec,int-spec,e2e-spec}.ts', '<rootDir>/scripts/**/*.spec.mjs'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          target: 'es2023',
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // What runs of a platform beside it have checked out names packages, too.
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/\\.runledger/'],
  globalSetup: '<rootDir>/scripts/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/scripts/jest/global-teardown.mjs',
  testSequencer: '<rootDir>/scripts/jest/sequencer.mjs',
  testTimeout: 120_000,
  // A worker that has ended everything still has the memory of the whole platform to give back, and what V8 compiled to keep:
  // on a busy machine that takes more than the half second after which Jest calls it a leak and kills it.
  workerGracefulExitTimeout: 20_000,
};
