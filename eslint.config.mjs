import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  ...tseslint.configs.strict,
  { ignores: ['labextension/src/api/schema.ts'] }, // made from the server's OpenAPI file
  { plugins: { jupyter } },
  ...jupyter.configs.recommended,
  {
    files: ['labextension/src/**/*.{ts,tsx}'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      'max-lines': ['error', 400],
      'max-lines-per-function': ['error', 60]
    }
  }
);
