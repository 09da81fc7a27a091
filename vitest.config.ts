import { defineConfig } from 'vitest/config';

// All cores: the default leaves one free, which on two cores doubles the time.
export default defineConfig({
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, maxWorkers: '100%' },
});
