import eslint from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const pureFiles = ['**/*.events.ts', '**/*.decider.ts', '**/*.workflow.ts', 'libs/kernel/src/**/*.ts'];
const specs = ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', '**/*.fixture.ts', 'libs/testing/**/*.ts'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/*.mjs',
      '**/*.js',
      '.nx/**',
      'examples/**',
      'libs/client/src/generated.ts',
    ],
  },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            { sourceTag: 'type:kernel', onlyDependOnLibsWithTags: [], bannedExternalImports: ['*'] },
            { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: ['type:kernel'] },
            { sourceTag: 'type:adapter', onlyDependOnLibsWithTags: ['type:kernel', 'type:adapter', 'type:testing'] },
            { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:kernel'] },
            {
              sourceTag: 'type:sdk',
              onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts', 'type:adapter', 'type:testing'],
            },
            {
              sourceTag: 'type:app',
              onlyDependOnLibsWithTags: ['type:kernel', 'type:contracts', 'type:adapter', 'type:sdk', 'type:testing'],
            },
            { sourceTag: 'type:standalone', onlyDependOnLibsWithTags: ['*'] },
          ],
        },
      ],
      'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'no-else-return': 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in *.config.ts only.' },
      ],
    },
  },
  {
    files: ['**/*.config.ts', ...specs],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: pureFiles,
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval'],
      'no-restricted-syntax': [
        'error',
        { selector: 'AwaitExpression', message: 'Deciders and events are pure: no await.' },
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time arrives as data.' },
        { selector: "MemberExpression[object.name='Date'][property.name='now']", message: 'Time arrives as data.' },
        { selector: "MemberExpression[object.name='Math'][property.name='random']", message: 'Ids arrive as data.' },
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!(@runledger/(kernel|contracts)$|zod$|\\./|\\.\\./)).*',
              message: 'Events, deciders and workflows import the kernel, contracts, zod and their neighbours only.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['libs/contracts/src/**/*.events.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@runledger/kernel',
              importNames: ['defineEvent'],
              message: 'Import it from ./define-event.js: that one checks data on the compiled way.',
            },
          ],
          patterns: [
            {
              regex: '^(?!(@runledger/kernel$|zod$|\\./|\\.\\./)).*',
              message: 'Events import the kernel, zod and their neighbours only.',
            },
          ],
        },
      ],
    },
  },
  {
    files: specs,
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
);
