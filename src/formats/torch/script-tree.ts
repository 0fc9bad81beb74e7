/** TorchScript's code as a tree: the part of it that models are written in. */

export type Expression =
  | { readonly kind: 'int'; readonly value: number; readonly line: number }
  | { readonly kind: 'float'; readonly value: number; readonly line: number }
  | { readonly kind: 'string'; readonly value: string; readonly line: number }
  | { readonly kind: 'constant'; readonly value: boolean | null; readonly line: number }
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'attribute'; readonly object: Expression; readonly name: string; readonly line: number }
  | {
      readonly kind: 'call'
      readonly callee: Expression
      readonly arguments: readonly Argument[]
      readonly line: number
    }
  | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression; readonly line: number }
  | {
      readonly kind: 'slice'
      readonly object: Expression
      readonly from: Expression | undefined
      readonly to: Expression | undefined
      readonly step: Expression | undefined
      readonly line: number
    }
  | { readonly kind: 'list' | 'tuple'; readonly items: readonly Expression[]; readonly line: number }
  | { readonly kind: 'dict'; readonly entries: readonly (readonly [Expression, Expression])[]; readonly line: number }
  | {
      readonly kind: 'choice'
      readonly condition: Expression
      readonly yes: Expression
      readonly no: Expression
      readonly line: number
    }
  | {
      readonly kind: 'operation'
      readonly operator: string
      readonly operands: readonly Expression[]
      readonly line: number
    }

export interface Argument {
  /** undefined where it is given by its place. */
  readonly name: string | undefined
  readonly value: Expression
}

export type Statement =
  | {
      readonly kind: 'assign'
      readonly targets: readonly Expression[]
      readonly isUnpacked: boolean
      readonly value: Expression
      readonly line: number
    }
  | { readonly kind: 'expression'; readonly value: Expression; readonly line: number }
  | { readonly kind: 'return'; readonly value: Expression | undefined; readonly line: number }
  | {
      readonly kind: 'if'
      readonly condition: Expression
      readonly yes: readonly Statement[]
      readonly no: readonly Statement[]
      readonly line: number
    }
  | {
      readonly kind: 'for'
      readonly targets: readonly Expression[]
      readonly over: Expression
      readonly body: readonly Statement[]
      readonly line: number
    }
  | {
      readonly kind: 'while'
      readonly condition: Expression
      readonly body: readonly Statement[]
      readonly line: number
    }
  | { readonly kind: 'pass'; readonly line: number }
  | { readonly kind: 'refusal'; readonly what: string; readonly line: number }

export interface ScriptFunction {
  readonly name: string
  readonly parameters: readonly {
    readonly name: string
    readonly fallback: Expression | undefined
    readonly type: string | undefined
  }[]
  readonly body: readonly Statement[]
}

export interface ScriptClass {
  readonly name: string
  /** `Module`, `NamedTuple`, `Enum`, … */
  readonly base: string | undefined
  readonly methods: ReadonlyMap<string, ScriptFunction>
  /** Values that are the same for every object. */
  readonly constants: ReadonlyMap<string, Expression>
  /** Declared fields, in their order. */
  readonly fields: readonly string[]
}
