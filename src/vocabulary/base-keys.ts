/** How a framework names the files that a config builds on. */
export interface BaseKey {
  readonly key: string;
  /** Paths start in a folder above the file, such as the project's, where not in its own. */
  readonly fromAbove?: true;
  /** Where that was read. */
  readonly source: string;
}

export const BASE_KEYS: readonly BaseKey[] = [
  {
    key: '_BASE_',
    source:
      'facebookresearch/fvcore fvcore/common/config.py; PaddlePaddle/PaddleDetection ppdet/core/workspace.py',
  },
  {
    key: '_base_',
    source:
      'open-mmlab/mmengine mmengine/config/config.py; PaddlePaddle/PaddleSeg paddleseg/cvlibs/config.py',
  },
  { key: '__include__', source: 'lyuwenyu/RT-DETR rtdetrv2_pytorch/src/core/yaml_utils.py' },
  { key: 'BASE', source: 'microsoft/Swin-Transformer config.py _update_config_from_file' },
  {
    key: 'base_config',
    fromAbove: true,
    source:
      'AI-Hypercomputer/maxtext src/MaxText/pyconfig.py; microsoft/NeuralSpeech LightSpeech/utils/hparams.py',
  },
  {
    key: 'includes',
    fromAbove: true,
    source:
      'facebookresearch/mmf mmf/utils/configuration.py load_yaml; Open-Catalyst-Project/ocp src/fairchem/core/common/utils.py load_config',
  },
];

/**
 * Hydra's list of what a config is composed of (https://hydra.cc/docs/advanced/defaults_list); one path, or a list of
 * paths, in NVIDIA-NeMo/RL nemo_rl/utils/config.py.
 */
export const DEFAULTS = 'defaults';
