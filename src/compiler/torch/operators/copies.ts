import { operator, type Lower } from '../operator.ts'

const self: Lower = (_, a) => a.tensor('self')

/** Copies, which are copies in a graph anyway; and what only checks. */
export const COPIES = [
  operator('contiguous(self:T, *, memory_format:X=None)', self, 'unknown'),
  operator('clone(self:T, *, memory_format:X?=None)', self),
  operator('lift_fresh_copy(self:T)', self),
  operator('alias_copy(self:T)', self),
  operator('detach_copy(self:T)', self),
  ...[
    'detach',
    'alias',
    'lift_fresh',
    'lift',
    'view.none',
    '_conj',
    'conj',
    'resolve_conj',
    'resolve_neg',
    'requires_grad',
    'data',
    'pin_memory',
    'cpu',
  ].map((name) => operator(`${name}(self:T)`, self, 'same')),
  operator('copy(self:T, src:T, non_blocking:B=False)', (g, a) => {
    const x = a.tensor('self')
    return g.expand(g.cast(a.tensor('src'), x.datatype), x.shape)
  }),
  operator('fill.Scalar|Tensor(self:T, value:TS)', (g, a) =>
    g.filled(a.operand('value'), a.tensor('self').datatype, a.tensor('self').shape),
  ),
  operator('zero(self:T)', (g, a) => g.filled(0, a.tensor('self').datatype, a.tensor('self').shape)),
  operator(
    '_assert_tensor_metadata(a:T, size:X?=None, stride:X?=None, dtype:X?=None, *, device:X?=None, layout:X?=None)',
    () => null,
  ),
  operator('_assert_scalar(self:X, assert_msg:s)', () => null),
  operator('_assert_async.default|msg(self:T, assert_msg:s=none)', () => null),
  operator('sym_constrain_range(size:X, *, min:X?=None, max:X?=None)', () => null),
  operator('sym_constrain_range_for_size(size:X, *, min:X?=None, max:X?=None)', () => null),
  operator('_print(s:s)', () => null),
]
