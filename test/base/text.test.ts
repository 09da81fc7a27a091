import { describe, expect, it } from 'vitest';
import { hanging, wrap } from '../../src/base/text.ts';

const TEXT = 'the decay that forgets as much in a sample as the old one did';

describe('wrapped text', () => {
  it('breaks between words', () => {
    expect(wrap(TEXT, 40)).toEqual(['the decay that forgets as much in a', 'sample as the old one did']);
  });

  it('has at least 30 columns, however narrow the terminal', () => {
    expect(wrap(TEXT, 5)).toEqual(wrap(TEXT, 30));
  });

  it('leaves a word whole that is wider than a line', () => {
    const word = 'x'.repeat(50);
    expect(wrap(`a ${word} b`, 40)).toEqual(['a', word, 'b']);
  });

  it('hangs behind an indent, within the width', () => {
    expect(hanging(TEXT, 40, '    ')).toBe(
      'the decay that forgets as much in a\n    sample as the old one did',
    );
    expect(hanging(TEXT, 38, '    ')).toBe(
      'the decay that forgets as much in\n    a sample as the old one did',
    );
  });
});
