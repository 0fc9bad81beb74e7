import { describe, expect, test } from 'vitest'
import { refusal } from '../../core/refusal.fixture.ts'
import { parseScript } from './script-parser.ts'

const parse = (text: string) => parseScript(text, 'code/a.py')
const body = (text: string) => parse(`def f(x):\n${text.replaceAll(/^/gm, '  ')}\n`).functions[0]?.body

describe('code in TorchScript', () => {
  test('has classes with fields, constants and methods', () => {
    const { classes } = parse(`class Net(Module):
  __parameters__ = ["weight", ]
  weight : Tensor
  _hook : Optional[bool]
  p : Final[float] = 0.5
  __annotations__["0"] = __torch__.torch.nn.Linear
  def forward(self: __torch__.Net,
    x: Tensor,
    mask: Optional[Tensor]=None) -> Tuple[Tensor, Dict[str, List[int]]]:
    return torch.relu(x)
class Empty(Module):
  pass
`)
    expect(classes.map(({ name, base }) => [name, base])).toEqual([
      ['Net', 'Module'],
      ['Empty', 'Module'],
    ])
    expect(classes[0]?.fields).toEqual(['weight', '_hook', 'p', '0'])
    expect(classes[0]?.constants.get('p')).toMatchObject({ value: 0.5 })
    expect(classes[0]?.methods.get('forward')?.parameters.map(({ name, type }) => [name, type])).toEqual([
      ['self', '__torch__.Net'],
      ['x', 'Tensor'],
      ['mask', 'Optional[Tensor]'],
    ])
  })

  test('has statements of every kind', () => {
    const kinds = body(`a, b, = torch.chunk(x, 2)
y : int = -3
if torch.gt(a, 0):
  pass
elif b:
  z = 1
else:
  z = 2
for i in range(3):
  y = x[i]
while True:
  y = x[1:] if a else x[::2]
torch.warn("a \\"quoted\\" text\\n")
raise Error
return (a, [1, 2.5e-3, None], {"k": a, })`)?.map(({ kind }) => kind)
    expect(kinds).toEqual(['assign', 'assign', 'if', 'for', 'while', 'expression', 'refusal', 'return'])
  })

  test('keeps calls, names and numbers as they are', () => {
    const [statement] = body('y = (self.a).forward(x, 9223372036854775807, dim=-1, )') ?? []
    expect(statement).toMatchObject({
      kind: 'assign',
      value: {
        kind: 'call',
        callee: { kind: 'attribute', name: 'forward', object: { kind: 'attribute', name: 'a' } },
        arguments: [
          { value: { name: 'x' } },
          { value: { kind: 'int' } },
          { name: 'dim', value: { kind: 'int', value: -1 } },
        ],
      },
    })
  })

  test.each([
    ['def f(x):\n  return (x\n', 'code/a.py'],
    ['import os\n', 'line 1'],
    ['def f(x):\n\treturn $\n', 'no code'],
    ['def f(x):\n    y = 1\n  z = 2\n', 'indented like no line above'],
    ['class A(B):\n', 'is empty'],
    ['class A(B):\n  1\n', 'where'],
    ['def f(x):\n  return x[1:, :2]\n', 'where'],
    [`def f(x):\n  return ${'('.repeat(400)}x${')'.repeat(400)}\n`, 'deep'],
    [`def f(x):\n  return x${'.a'.repeat(400)}\n`, 'chain'],
  ])('is refused where it is none (%#)', (text, words) => {
    const error = refusal(() => parse(text))
    expect(error.code).toBe('refused')
    expect(error.message).toContain(words)
  })
})
