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
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      // Each runs elsewhere than in the process that counts, and is tested there: two need a GPU or a package that is
      // not always here, the report's plots run in a browser, the kernel's threads in workers, the compiler in the build.
      exclude: [
        'src/**/generated/**',
        'src/lab/backends/{tensorflow,webgpu}/**',
        'src/base/report/page/**',
        'src/lab/backends/wasm/worker.ts',
        'src/dialect/compile.ts',
      ],
      reporter: ['text-summary', 'json-summary', 'json'],
      thresholds: { lines: 95, branches: 90 },
    },
  },
});
