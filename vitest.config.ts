import { defineConfig } from 'vitest/config';

// All cores: the default leaves one free, which on two cores doubles the time.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Against a test that hangs: a busy machine takes several times as long as an idle one.
    testTimeout: 120_000,
    maxWorkers: '100%',
    // What tests start leaves nothing in the temporary folder.
    env: { NODE_DISABLE_COMPILE_CACHE: '1' },
  },
});
