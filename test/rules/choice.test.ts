import { describe, expect, it } from 'vitest';
import { OPTIMIZERS } from '../../src/optimizers/table.ts';
import { defaultRule, findRule, RULES, rulesFor, rulesUsing } from '../../src/rules/index.ts';
import { constant } from '../../src/rules/quantity.ts';

const names = RULES.map(({ name }) => name);

describe('the rule', () => {
  it('is found by its name', () => expect(names.map((name) => findRule(name).name)).toEqual(names));
  it('is ema unless an option is one that another rule is for', () => {
    expect(defaultRule({}).name).toBe('ema');
    expect(defaultRule({ noiseScale: 0 }).name).toBe('noise-aware');
    expect(defaultRule({ power: 0.5 }).name).toBe('power');
    expect(defaultRule({ power: 0.5, noiseScale: 1 }).name).toBe('power');
  });
  it('is refused with the names there are', () => {
    expect(() => findRule('nobody')).toThrow(`unknown rule "nobody"; choose one of: ${names.join(', ')}`);
  });
  it('of a power needs the power', () => {
    expect(rulesFor({}).map(({ name }) => name)).toEqual(names.filter((name) => name !== 'power'));
    expect(rulesFor({ power: 1 })).toEqual(RULES);
    expect(rulesUsing('power')).toEqual(['power']);
    expect(rulesUsing('literal')).toEqual(['ema', 'noise-aware', 'sqrt', 'power']);
  });
  it.each(['noise-aware', 'power'])('%s is refused without its number', (name) => {
    const adam = { optimizer: OPTIMIZERS.adam, gradientDecay: 0.9, secondMomentDecay: 0.99, nesterov: false };
    const ratio = { from: 64, to: 128, kappa: 2 };
    expect(() => findRule(name).learningRateFactor(adam, ratio, {})).toThrow(/needs the .*: --/);
    expect(() => findRule(name).epsilon(constant(1e-8), false, adam, ratio, {})).toThrow(/needs the .*: --/);
  });
});
