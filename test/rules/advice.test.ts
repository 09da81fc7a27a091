import { describe, expect, it } from 'vitest';
import { convertConfig } from '../../src/pipe/convert.ts';

describe('an average that is shorter than what one new update averages', () => {
  const text = (momentum: number) => `
model: resnet50
batch_size: 8
grad_accum_steps: 1
opt: sgd
lr: 0.1
momentum: 0.0
bn_momentum: ${momentum}
`;
  const codes = async (momentum: number, micro: number, accumulation: number) => {
    const { warnings } = await convertConfig(
      { text: text(momentum), file: 'run.yaml' },
      { micro, accumulation, world: 1, dialect: 'timm' },
    );
    return warnings.filter((w) => w.message.startsWith('bn_momentum')).map((w) => w.code);
  };

  it('is told of BatchNorm by the batch of one device, which is what it averages over', async () => {
    expect(await codes(0.1, 80, 1)).toEqual(['short-memory']);
  });
  it('is not told where only accumulation makes the batch large', async () => {
    expect(await codes(0.1, 16, 8)).toEqual([]);
  });
});
