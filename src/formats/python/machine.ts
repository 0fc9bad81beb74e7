import { ServingError } from '../../core/errors.ts'
import { build } from './build.ts'
import { instanceOf, reduce } from './builders.ts'
import { Dict, InertObject, SetValue } from './containers.ts'
import type { ReadContext } from './context.ts'
import { isKind } from './refs.ts'
import { floatText, integerText, longText, quotedText, rawUnicode } from './python-text.ts'
import { OP } from './opcodes.ts'
import { damaged, type Stream } from './stream.ts'
import type { PyValue } from './values.ts'

export interface MachineOptions {
  /** Gives what a persistent id stands for; without it such ids are refused. */
  readonly persistent?: ((id: PyValue, offset: number) => PyValue) | undefined
  /**
   * Called after each `BUILD`, with what was built and the stream behind it: what it returns takes its place on the stack.
   * (joblib writes the bytes of an array there.)
   */
  readonly built?: ((value: PyValue, stream: Stream, offset: number) => PyValue) | undefined
}

/** What one pickle gave. */
export interface MachineResult {
  readonly root: PyValue
  readonly protocol: number
}

const MOST_PROTOCOL = 5

/** What protocol 1 added; from protocol 2 on a pickle says its protocol itself. */
const BINARY_OPS: ReadonlySet<number> = new Set([
  OP.POP_MARK,
  OP.BININT,
  OP.BININT1,
  OP.BININT2,
  OP.BINPERSID,
  OP.BINSTRING,
  OP.SHORT_BINSTRING,
  OP.BINUNICODE,
  OP.APPENDS,
  OP.EMPTY_DICT,
  OP.BINGET,
  OP.LONG_BINGET,
  OP.EMPTY_LIST,
  OP.OBJ,
  OP.BINPUT,
  OP.LONG_BINPUT,
  OP.EMPTY_TUPLE,
  OP.SETITEMS,
  OP.BINFLOAT,
])

/**
 * The machine that a pickle is a program for, without the two instructions that matter: it looks no name up and calls
 * nothing. It reads up to `STOP` and leaves the stream behind it. It does not recurse, however deep values lie.
 * @throws {ServingError} `refused`, `unsupported`, `too_large`
 * @see CPython, Lib/pickletools.py, for the opcodes
 */
export class Machine {
  readonly #stream: Stream
  readonly #context: ReadContext
  readonly #options: MachineOptions
  readonly #marks: number[] = []
  #stack: PyValue[] = []
  readonly #memo: PyValue[] = []
  #memoized = 0
  #protocol = 0
  #operations = 0
  /** Where the current frame ends; 0 outside of one. */
  #frameEnd = 0

  constructor(stream: Stream, context: ReadContext, options: MachineOptions) {
    this.#stream = stream
    this.#context = context
    this.#options = options
  }

  run(): MachineResult {
    const stream = this.#stream
    for (;;) {
      const offset = stream.at
      if (this.#frameEnd !== 0 && offset >= this.#frameEnd) {
        if (offset > this.#frameEnd) throw damaged('has a frame that ends inside an instruction', offset)
        this.#frameEnd = 0
      }
      if (offset >= stream.bytes.length) throw damaged('ends without its STOP', offset)
      const opcode = stream.byte()
      this.#operations++
      if (this.#protocol === 0 && BINARY_OPS.has(opcode)) this.#protocol = 1
      this.#context.budget.work(1)
      if (opcode === OP.STOP) {
        if (this.#stack.length !== 1 || this.#marks.length > 0)
          throw damaged(`ends with ${this.#stack.length} values where one must be`, offset)
        return { root: this.#stack[0] as PyValue, protocol: this.#protocol }
      }
      this.#step(opcode, offset)
    }
  }

  #step(opcode: number, offset: number): void {
    const stream = this.#stream
    const stack = this.#stack
    switch (opcode) {
      // the most frequent first
      case OP.BINGET:
        this.#get(stream.byte(), offset)
        break
      case OP.LONG_BINGET:
        this.#get(stream.uint32(), offset)
        break
      case OP.MEMOIZE:
        this.#put(this.#memoized, offset)
        break
      case OP.BINPUT:
        this.#put(stream.byte(), offset)
        break
      case OP.LONG_BINPUT:
        this.#put(stream.uint32(), offset)
        break
      case OP.SHORT_BINUNICODE:
        stack.push(stream.text(stream.byte()))
        break
      case OP.BINUNICODE:
        stack.push(stream.text(stream.uint32()))
        break
      case OP.BINUNICODE8:
        stack.push(stream.text(stream.uint64()))
        break
      case OP.BININT1:
        stack.push(BigInt(stream.byte()))
        break
      case OP.BININT2:
        stack.push(BigInt(stream.uint16()))
        break
      case OP.BININT:
        stack.push(BigInt(stream.int32()))
        break
      case OP.BINFLOAT:
        stack.push(stream.float64())
        break
      case OP.NONE:
        stack.push(null)
        break
      case OP.NEWTRUE:
        stack.push(true)
        break
      case OP.NEWFALSE:
        stack.push(false)
        break
      case OP.MARK:
        this.#open(offset)
        break
      case OP.POP:
        this.#drop(offset)
        break
      case OP.POP_MARK:
        this.#close(offset)
        break
      case OP.DUP:
        stack.push(this.#again(this.#top(offset)))
        break
      case OP.EMPTY_TUPLE:
        stack.push({ kind: 'tuple', items: [] })
        break
      case OP.TUPLE:
        this.#make({ kind: 'tuple', items: this.#close(offset) })
        break
      case OP.TUPLE1:
      case OP.TUPLE2:
      case OP.TUPLE3:
        this.#make({ kind: 'tuple', items: this.#take(opcode - OP.TUPLE1 + 1, offset) })
        break
      case OP.EMPTY_LIST:
        this.#make({ kind: 'list', items: [] })
        break
      case OP.LIST:
        this.#make({ kind: 'list', items: this.#close(offset) })
        break
      case OP.APPEND:
        this.#append(this.#take(1, offset), offset)
        break
      case OP.APPENDS:
        this.#append(this.#close(offset), offset)
        break
      case OP.EMPTY_DICT:
        this.#make(new Dict())
        break
      case OP.DICT:
        this.#makeDict(offset)
        break
      case OP.SETITEM:
        this.#setItems(this.#take(2, offset), offset)
        break
      case OP.SETITEMS:
        this.#setItems(this.#close(offset), offset)
        break
      case OP.EMPTY_SET:
        this.#make(new SetValue(false))
        break
      case OP.FROZENSET:
        this.#makeFrozenSet(offset)
        break
      case OP.ADDITEMS:
        this.#addItems(this.#close(offset), offset)
        break
      case OP.BINBYTES:
        stack.push(stream.take(stream.uint32()))
        break
      case OP.SHORT_BINBYTES:
        stack.push(stream.take(stream.byte()))
        break
      case OP.BINBYTES8:
      case OP.BYTEARRAY8:
        stack.push(stream.take(stream.uint64()))
        break
      case OP.BUILD:
        this.#build(offset)
        break
      case OP.REDUCE:
        this.#reduce(offset)
        break
      case OP.NEWOBJ:
        this.#newObject(false, offset)
        break
      case OP.NEWOBJ_EX:
        this.#newObject(true, offset)
        break
      case OP.STACK_GLOBAL:
        this.#stackGlobal(offset)
        break
      case OP.GLOBAL:
        stack.push(this.#context.global(stream.shortLine(), stream.shortLine(), offset))
        break
      case OP.PROTO:
        this.#setProtocol(stream.byte(), offset)
        break
      case OP.FRAME:
        this.#frame(stream.uint64(), offset)
        break
      default:
        this.#rareStep(opcode, offset)
    }
  }

  /** What only old pickles have, and what is refused. */
  #rareStep(opcode: number, offset: number): void {
    const stream = this.#stream
    const stack = this.#stack
    switch (opcode) {
      case OP.INT:
        stack.push(integerText(stream.shortLine(), offset))
        break
      case OP.LONG:
        stack.push(longText(stream.shortLine(), offset))
        break
      case OP.LONG1:
        stack.push(stream.integer(stream.byte()))
        break
      case OP.LONG4:
        stack.push(stream.integer(this.#length(stream.int32(), offset)))
        break
      case OP.FLOAT:
        stack.push(floatText(stream.shortLine(), offset))
        break
      case OP.UNICODE: {
        const line = stream.line()
        this.#context.budget.allocate(line.length)
        stack.push(rawUnicode(line, offset))
        break
      }
      case OP.STRING: {
        const line = stream.line()
        this.#context.budget.allocate(line.length)
        this.#context.isPython2 = true
        stack.push(quotedText(line, offset))
        break
      }
      case OP.BINSTRING:
        this.#context.isPython2 = true
        stack.push(stream.python2Text(this.#length(stream.int32(), offset)))
        break
      case OP.SHORT_BINSTRING:
        this.#context.isPython2 = true
        stack.push(stream.python2Text(stream.byte()))
        break
      case OP.GET:
        this.#get(this.#index(offset), offset)
        break
      case OP.PUT:
        this.#put(this.#index(offset), offset)
        break
      case OP.INST:
        this.#oldInstance(this.#context.global(stream.shortLine(), stream.shortLine(), offset), this.#close(offset))
        break
      case OP.OBJ: {
        const [of = null, ...args] = this.#close(offset)
        if (!isKind(of, 'global')) throw damaged('makes an instance of what is no class', offset)
        this.#oldInstance(of, args)
        break
      }
      case OP.PERSID:
        stack.push(this.#persistent(stream.shortLine(), offset))
        break
      case OP.BINPERSID: {
        const [id = null] = this.#take(1, offset)
        stack.push(this.#persistent(id, offset))
        break
      }
      case OP.EXT1:
      case OP.EXT2:
      case OP.EXT4:
        throw unsupported('names something by a number of the copyreg extension registry', offset)
      case OP.NEXT_BUFFER:
      case OP.READONLY_BUFFER:
        throw unsupported('has its buffers elsewhere (out-of-band); save it again without buffer_callback', offset)
      default:
        throw damaged(`has the byte 0x${opcode.toString(16).padStart(2, '0')} where an instruction must stand`, offset)
    }
  }

  #setProtocol(protocol: number, offset: number): void {
    if (this.#operations !== 1) throw damaged('states its protocol in its middle', offset)
    if (protocol > MOST_PROTOCOL)
      throw unsupported(`is of protocol ${protocol}; up to ${MOST_PROTOCOL} is read`, offset)
    this.#protocol = protocol
  }

  #frame(length: number, offset: number): void {
    const stream = this.#stream
    if (this.#frameEnd !== 0) throw damaged('has a frame inside a frame', offset)
    if (!(length <= stream.bytes.length - stream.at))
      throw damaged(`claims a frame of ${length} bytes, and ${stream.bytes.length - stream.at} are left`, offset)
    this.#frameEnd = stream.at + length
  }

  #length(length: number, offset: number): number {
    if (length < 0) throw damaged(`claims a length of ${length}`, offset)
    return length
  }

  #index(offset: number): number {
    const line = this.#stream.shortLine()
    if (!/^\d{1,10}$/.test(line)) throw damaged('has no memo index where one must stand', offset)
    return Number(line)
  }

  #put(index: number, offset: number): void {
    const value = this.#top(offset)
    // an honest pickle numbers what it keeps
    if (index > this.#operations) throw damaged(`keeps a value as number ${index} after ${this.#operations}`, offset)
    if (this.#memo[index] === undefined) this.#memoized++
    this.#memo[index] = value
  }

  #get(index: number, offset: number): void {
    const value = this.#memo[index]
    if (value === undefined) throw damaged(`asks for value ${index}, which it has not kept`, offset)
    this.#stack.push(this.#again(value))
  }

  #again(value: PyValue): PyValue {
    this.#context.pushed(value)
    return value
  }

  #make(value: PyValue): void {
    this.#context.budget.make(1)
    this.#stack.push(value)
  }

  /** Where the values end that belong to the container opened last. */
  get #floor(): number {
    return this.#marks.at(-1) ?? 0
  }

  #top(offset: number): PyValue {
    const value = this.#stack.at(-1)
    if (value === undefined || this.#stack.length <= this.#floor)
      throw damaged('takes a value that is not there', offset)
    return value
  }

  #take(count: number, offset: number): PyValue[] {
    if (this.#stack.length - count < this.#floor) throw damaged('takes a value that is not there', offset)
    return this.#stack.splice(this.#stack.length - count, count)
  }

  #open(offset: number): void {
    this.#marks.push(this.#stack.length)
    const { maxOpen } = this.#context.budget.limits
    if (this.#marks.length > maxOpen) throw damaged(`has over ${maxOpen} containers open in one another`, offset)
  }

  /** The values since the last mark. */
  #close(offset: number): PyValue[] {
    const from = this.#marks.pop()
    if (from === undefined) throw damaged('closes what was not opened', offset)
    return this.#stack.splice(from)
  }

  #drop(offset: number): void {
    // a mark is a value, too, for POP
    if (this.#stack.length === this.#floor && this.#marks.length > 0) this.#marks.pop()
    else this.#take(1, offset)
  }

  #append(items: readonly PyValue[], offset: number): void {
    const target = this.#top(offset)
    if (isKind(target, 'list')) for (const item of items) target.items.push(item)
    else if (target instanceof InertObject) for (const item of items) target.append(item)
    else throw damaged('appends to what is no list', offset)
  }

  #makeDict(offset: number): void {
    const items = this.#close(offset)
    this.#make(new Dict())
    this.#setItems(items, offset)
  }

  #setItems(items: readonly PyValue[], offset: number): void {
    const target = this.#top(offset)
    if (items.length % 2 !== 0) throw damaged('has a key without a value', offset)
    for (let i = 0; i < items.length; i += 2) {
      const [key, value] = [items[i] as PyValue, items[i + 1] as PyValue]
      if (target instanceof Dict) target.set(key, value)
      else if (target instanceof InertObject) target.setItem(key, value)
      else throw damaged('sets an item of what is no dict', offset)
    }
    this.#context.budget.make(items.length / 2)
  }

  #makeFrozenSet(offset: number): void {
    const set = new SetValue(true)
    for (const item of this.#close(offset)) set.add(item)
    this.#make(set)
  }

  #addItems(items: readonly PyValue[], offset: number): void {
    const target = this.#top(offset)
    if (target instanceof SetValue) for (const item of items) target.add(item)
    else if (target instanceof InertObject) for (const item of items) target.append(item)
    else throw damaged('adds to what is no set', offset)
  }

  #build(offset: number): void {
    const [state = null] = this.#take(1, offset)
    const target = this.#top(offset)
    build(target, state, this.#context, offset)
    const { built } = this.#options
    if (built === undefined) return
    const { at } = this.#stream
    if (at === this.#frameEnd) this.#frameEnd = 0
    this.#stack[this.#stack.length - 1] = built(target, this.#stream, offset)
    if (this.#frameEnd !== 0 && this.#stream.at !== at) throw damaged('has an array inside a frame', offset)
  }

  #reduce(offset: number): void {
    const [callee = null, args = null] = this.#take(2, offset)
    if (!isKind(args, 'tuple')) throw damaged('calls with arguments that are no tuple', offset)
    this.#make(reduce(callee, args.items, this.#context, offset))
  }

  #newObject(hasKeywords: boolean, offset: number): void {
    const [of = null, args = null, keywords] = this.#take(hasKeywords ? 3 : 2, offset)
    if (!isKind(args, 'tuple') || (hasKeywords && !isKind(keywords, 'dict')))
      throw damaged('makes an instance with arguments that are none', offset)
    this.#make(instanceOf(of, args.items, keywords, this.#context, offset))
  }

  /** An instance of a class of Python 2 as it was before 2.2, which calls the class by another way than all others. */
  #oldInstance(of: Parameters<ReadContext['flag']>[0], args: readonly PyValue[]): void {
    this.#context.flag(of)
    this.#make(new InertObject(of, 'instance', args))
  }

  #stackGlobal(offset: number): void {
    const [module, name] = this.#take(2, offset)
    if (typeof module !== 'string' || typeof name !== 'string')
      throw damaged('names something by what is no text', offset)
    this.#stack.push(this.#context.global(module, name, offset))
  }

  #persistent(id: PyValue, offset: number): PyValue {
    const { persistent } = this.#options
    if (persistent === undefined) throw unsupported('refers to values outside of it (persistent ids)', offset)
    this.#context.budget.make(1)
    return persistent(id, offset)
  }
}

function unsupported(what: string, offset: number): ServingError {
  return new ServingError(
    'refused',
    `the pickle ${what} (byte ${offset}); save the fitted model by joblib.dump or pickle.dump`,
    {
      details: { offset },
    },
  )
}
