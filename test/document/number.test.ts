import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundTo, writeNumber } from '../../src/document/number.ts';
import { pyyamlType } from '../helpers/yaml11.ts';

describe('a number is written in the notation it replaces', () => {
  const cases: [value: number, like: string, format: 'yaml' | 'json' | 'toml', text: string][] = [
    [2.5e-6, '2.0e-05', 'yaml', '2.5e-06'],
    [2.5e-6, '2e-5', 'yaml', '2.5e-6'],
    [4e-5, '2e-5', 'yaml', '4.0e-5'],
    [4e-5, '2e-5', 'json', '4e-5'],
    [4e-5, '2E-5', 'yaml', '4.0E-5'],
    [0.000025, '0.0002', 'yaml', '0.000025'],
    [2.5e-8, '0.0000002', 'yaml', '2.5e-08'],
    [0.16, '5e-3', 'yaml', '0.16'],
    [1, '0.5', 'yaml', '1.0'],
    [1, '0.5', 'json', '1.0'],
    [0.25, '1', 'yaml', '0.25'],
    [2, '1', 'yaml', '2'],
    [1600, '400', 'yaml', '1600'],
    [600004, '150_001', 'yaml', '600_004'],
    [20000, '5e3', 'yaml', '2.0e+3'.replace('2.0e+3', '2.0e+4')],
    [400, '100.0', 'yaml', '400.0'],
    [1e21, '1e20', 'yaml', '1.0e+21'],
    [64, '0x10', 'yaml', '64'],
    [128, '1:04', 'yaml', '128'],
    [64, '0b1000', 'yaml', '64'],
    [64, '0o20', 'toml', '64'],
    [4e-5, '2e-5', 'toml', '4e-5'],
    [90.5, '1:30.0', 'yaml', '90.5'],
    [0, '0.5', 'yaml', '0.0'],
    [1e-6, '0.5', 'yaml', '0.000001'],
    [9.99e-7, '0.5', 'yaml', '9.99e-07'],
    [-9.99e-7, '-0.5', 'yaml', '-9.99e-07'],
    [-2e-6, '-0.5', 'yaml', '-0.000002'],
    [0.1, '5e-3', 'yaml', '0.1'],
    [0.0999, '5e-3', 'yaml', '9.99e-2'],
    [-0.05, '-5e-3', 'yaml', '-5.0e-2'],
    [-0.5, '-5e-3', 'yaml', '-0.5'],
    [12.5, '5e-3', 'yaml', '12.5'],
    [3, '1e0', 'yaml', '3.0e+0'],
    [400, '1e+2', 'json', '4e+2'],
    [400, '1e2', 'json', '4e2'],
    [450, '1.0e2', 'json', '4.5e2'],
    [400, '1.0e2', 'json', '4.0e2'],
    [4e-5, '"2e-5"', 'json', '4e-5'],
    [64, "'16'", 'yaml', '64'],
    [64, ' 16 ', 'json', '64'],
    [-1e21, '-0.5', 'json', '-1000000000000000000000.0'],
    [1.25e23, '1', 'json', '125000000000000000000000'],
    [1234567, '1_000', 'yaml', '1_234_567'],
    [123, '1_000', 'yaml', '123'],
    [2, '1.', 'toml', '2.0'],
  ];
  it.each(cases)('%s like %s in %s is %s', (value, like, format, text) => {
    expect(writeNumber(value, like, format)).toBe(text);
  });

  it('reads back as the same float64, and as a float for PyYAML, whatever it replaces', () => {
    const like = fc.constantFrom('0.1', '1e-4', '1.0e-04', '3E-5', '5e-05', '.5', '1.e-3');
    const value = fc.double({ min: 1e-12, max: 1e6, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(value, like, (v, l) => {
        const text = writeNumber(v, l, 'yaml');
        expect(Number(text)).toBe(v);
        expect(pyyamlType(text)).toBe('float');
      }),
      { numRuns: 2000 },
    );
  });

  it('keeps integers integers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.constantFrom('7', '150_001', '32000'), (v, l) => {
        const text = writeNumber(v, l, 'yaml');
        expect(pyyamlType(text)).toBe('int');
        expect(Number(text.replaceAll('_', ''))).toBe(v);
      }),
    );
  });
});

describe('rounding', () => {
  it('keeps six digits of the value', () => expect(roundTo(1.23456789e-5, { digits: 6 })).toBe(1.23457e-5));

  it('keeps six digits of 1 - decay too, which is what sets its time scale', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (complement) => {
        const rounded = roundTo(1 - complement, { digits: 6, complement });
        expect(Math.abs((1 - rounded) / complement - 1)).toBeLessThan(1e-5);
        expect(rounded).toBeLessThan(1);
      }),
    );
  });

  it('keeps six digits of a decay that is nearly gone', () => {
    expect(roundTo(0.9 ** 300, { digits: 6, complement: 1 })).toBe(1.87393e-14);
    expect(roundTo(0.9 ** 100, { digits: 6, complement: 1 })).toBe(2.65614e-5);
  });

  it('takes a rounder number where six digits could mean it', () => {
    expect(roundTo(0.9000001, { digits: 6, complement: 0.0999999 })).toBe(0.9);
    expect(roundTo(0.0999997, { digits: 6 })).toBe(0.1);
    expect(roundTo(0.900001, { digits: 6, complement: 0.099999 })).toBe(0.900001);
    expect(roundTo(0.9000001, { digits: 12, complement: 0.0999999 })).toBe(0.9000001);
  });

  it('leaves 0, and what is no number, alone', () => {
    expect(roundTo(0, { digits: 6 })).toBe(0);
    expect(roundTo(Number.POSITIVE_INFINITY, { digits: 6 })).toBe(Number.POSITIVE_INFINITY);
  });

  it('never rounds a decay to 1, and keeps all digits where 17 decimals are too few', () => {
    const near = 1 - 2 ** -53;
    expect(roundTo(near, { digits: 6, complement: 2 ** -53 })).toBe(near);
    expect(roundTo(1 - 1e-10, { digits: 2, complement: 1e-10 })).toBe(1 - 1e-10);
    expect(roundTo(0.99999996, { digits: 1, complement: 4e-8 })).toBe(0.99999996);
    expect(roundTo(0.999999996, { digits: 1, complement: 4e-9 })).toBe(0.999999996);
  });

  it('goes by 1 - decay from one half on, and by the value below', () => {
    expect(roundTo(0.51234567, { digits: 3, complement: 0.48765433 })).toBe(0.512);
    expect(roundTo(0.91234567, { digits: 3, complement: 0.08765433 })).toBe(0.9123);
    expect(roundTo(0.01234567, { digits: 3, complement: 0.98765433 })).toBe(0.0123);
    expect(roundTo(1.5, { digits: 1, complement: -0.5 })).toBe(2);
  });

  it('does not touch what is short', () => expect(roundTo(0.9, { digits: 6, complement: 0.1 })).toBe(0.9));
});
