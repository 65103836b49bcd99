const tseslint = require('typescript-eslint');
const prettier = require('eslint-config-prettier');

module.exports = tseslint.config(
  { ignores: ['lib/', 'dist/', 'imports/', 'node_modules/', '.jsii'] },
  ...tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: 'error',
      // a package that few apps need is loaded late (src/core/yaml.ts)
      '@typescript-eslint/no-require-imports': ['error', { allow: ['^yaml$'] }],
      'no-console': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // JSON of anybody's manifests; jsii knows no other type for it.
    files: ['src/**/*.ts'],
    rules: { '@typescript-eslint/no-explicit-any': 'off' },
  },
  {
    files: ['**/*.js'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  prettier,
);
