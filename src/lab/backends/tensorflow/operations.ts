/** An array on a device. */
export interface Tensor {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** What is used of @tensorflow/tfjs-node 4: tfjs-core, and the backend's way to any operation of TensorFlow. */
export interface TensorFlowJs {
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  backend(): {
    readonly isUsingGpuDevice: boolean;
    readonly binding: Readonly<
      Record<'TF_ATTR_TYPE' | 'TF_ATTR_BOOL' | 'TF_ATTR_INT' | 'TF_FLOAT' | 'TF_INT32', number>
    > & { readonly TF_Version: string };
    executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
    executeMultipleOutputs(
      name: string,
      attributes: readonly Attribute[],
      inputs: readonly Tensor[],
      count: number,
    ): Tensor[];
  };
  tensor(values: Float32Array | Int32Array, shape: readonly number[], type: 'float32' | 'int32'): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  transpose(x: Tensor, order: readonly number[]): Tensor;
  concat(all: readonly Tensor[], axis: number): Tensor;
  tidy<T>(make: () => T): T;
  engine(): { startScope(): void; endScope(): void };
}

/**
 * Switches TensorFlow.js, which has one global backend, to this one. Where that fails TensorFlow.js
 * keeps another one and only returns false. @throws Error
 */
export async function useBackend(tf: TensorFlowJs, name: string): Promise<void> {
  if (!(await tf.setBackend(name)) || tf.getBackend() !== name)
    throw new Error(`TensorFlow.js could not switch to ${name}`);
}

type Binary = (a: Tensor, b: Tensor) => Tensor;
type Unary = (x: Tensor) => Tensor;

/** Operations in float32. Operands are broadcast as in NumPy. */
export type Operations = ReturnType<typeof operationsOf>;

/**
 * TensorFlow's operations by the binding itself: the functions of TensorFlow.js take four times as long for a small
 * tensor, since they keep what gradients would need.
 */
export function operationsOf(tf: TensorFlowJs) {
  const { binding } = tf.backend();
  const type = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const float = [type('T', binding.TF_FLOAT)];
  const run = (name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]) =>
    tf.backend().executeSingleOutput(name, attributes, inputs);
  const unary =
    (name: string): Unary =>
    (x) =>
      run(name, float, [x]);
  const binary =
    (name: string): Binary =>
    (a, b) =>
      run(name, float, [a, b]);
  const integers = (values: readonly number[]) =>
    tf.tensor(Int32Array.from(values), [values.length], 'int32');
  const tensor = (values: Float32Array, shape: readonly number[]) => tf.tensor(values, shape, 'float32');
  const reducing = [flag('keep_dims', true), ...float, type('Tidx', binding.TF_INT32)];
  return {
    tensor,
    add: binary('AddV2'),
    sub: binary('Sub'),
    mul: binary('Mul'),
    div: binary('RealDiv'),
    /** 0 where the divisor is 0. */
    divOrZero: binary('DivNoNan'),
    max: binary('Maximum'),
    sqrt: unary('Sqrt'),
    square: unary('Square'),
    sign: unary('Sign'),
    /** Of the last two axes; those before them are broadcast. The second factor may be taken transposed. */
    matMul: (a: Tensor, b: Tensor, transposed = false) =>
      run('BatchMatMulV2', [...float, flag('adj_x', false), flag('adj_y', transposed)], [a, b]),
    /** Over these axes, which stay with length 1. */
    sum: (x: Tensor, axes: readonly number[]) => run('Sum', reducing, [x, integers(axes)]),
    mean: (x: Tensor, axes: readonly number[]) => run('Mean', reducing, [x, integers(axes)]),
    reshape: (x: Tensor, shape: readonly number[]) => tf.reshape(x, shape),
    slice: (x: Tensor, begin: readonly number[], size: readonly number[]) => tf.slice(x, begin, size),
    transpose: (x: Tensor, order: readonly number[]) => tf.transpose(x, order),
    concat: (all: readonly Tensor[], axis: number) => (all.length === 1 ? all[0]! : tf.concat(all, axis)),
    /** The rows along the first axis, which they do not have. */
    rows(x: Tensor): Tensor[] {
      const num = { name: 'num', type: binding.TF_ATTR_INT, value: x.shape[0]! };
      const axis = { name: 'axis', type: binding.TF_ATTR_INT, value: 0 };
      return tf.backend().executeMultipleOutputs('Unpack', [...float, num, axis], [x], num.value);
    },
    zeros: (shape: readonly number[]) => tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
    /** Independent standard normals by the library's counter-based generator (Philox), a function of the two words. */
    normals(shape: readonly number[], [a, b]: readonly [number, number]): Tensor {
      const { TF_FLOAT, TF_INT32 } = binding;
      const attributes = [type('dtype', TF_FLOAT), type('T', TF_INT32), type('Tseed', TF_INT32)];
      return tf.tidy(() =>
        run('StatelessRandomNormal', attributes, [integers(shape), integers([a | 0, b | 0])]),
      );
    },
    /** Frees what was made inside but not returned, in arrays or objects too. */
    tidy: <T>(make: () => T): T => tf.tidy(make),
    /** The same at the end of longer work. */
    async scope<T>(work: () => Promise<T>): Promise<T> {
      tf.engine().startScope();
      try {
        return await work();
      } finally {
        tf.engine().endScope();
      }
    },
    /** Makes new tensors from these, and frees these. */
    replaced(tensors: readonly Tensor[], make: (before: readonly Tensor[]) => Tensor[]): Tensor[] {
      const next = tf.tidy(() => make(tensors));
      for (const tensor of tensors) tensor.dispose();
      return next;
    },
    /** Waits for the device, which works on while the host goes ahead unless it asks for a number. */
    async settled(x: Tensor): Promise<void> {
      const size = x.shape.reduce((a, b) => a * b, 1);
      const one = tf.tidy(() => tf.slice(tf.reshape(x, [size]), [0], [1]));
      await one.data().finally(() => one.dispose());
      await new Promise((resolve) => setImmediate(resolve));
    },
    async read(x: Tensor): Promise<Float32Array> {
      return Float32Array.from(await x.data());
    },
  };
}

/**
 * Refuses a device that rounds the factors of a product, as TF32 (10 bits) and bfloat16 (7) do: the figures could not
 * be trusted to the sixth digit. 32 x 32 is large enough for the units that would do it.
 * @throws Error
 */
export async function checkProducts({ tensor, matMul, read, tidy }: Operations): Promise<void> {
  const size = 32;
  const fine = 1 + 2 ** -20;
  const values = new Float32Array(size * size).fill(fine);
  const unit = new Float32Array(size * size);
  for (let i = 0; i < size; i++) unit[i * size + i] = 1;
  const product = tidy(() => matMul(tensor(values, [size, size]), tensor(unit, [size, size])));
  const products = await read(product).finally(() => product.dispose());
  if (products[0] !== fine)
    throw new Error(
      `its products are rounded: ${fine} x 1 gave ${products[0]}; TF32 is off with NVIDIA_TF32_OVERRIDE=0`,
    );
}
