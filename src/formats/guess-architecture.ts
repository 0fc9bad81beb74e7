/** Names that the parameters of well-known models have, the more telling ones first. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/\.lora_[AB]\./, 'a LoRA adapter, which needs the model that it was trained for'],
  [/^text_model\..*|^vision_model\./, 'a CLIP-like model of images and text'],
  [/(?:^|\.)(?:down|up)_blocks\.\d+\.(?:resnets|attentions)\./, 'a diffusion U-Net'],
  [/encoder\.layers?\.\d+\.attention\.self\.query\./, 'a BERT-like text encoder'],
  [/transformer\.layer\.\d+\.attention\.q_lin\./, 'a DistilBERT-like text encoder'],
  [/(?:^|\.)block\.\d+\.layer\.\d+\.SelfAttention\./, 'a T5-like text model'],
  [/(?:^|\.)h\.\d+\.attn\.c_attn\./, 'a GPT-2-like language model'],
  [/gpt_neox\.layers\.\d+\./, 'a GPT-NeoX-like language model'],
  [/(?:^|\.)layers\.\d+\.block_sparse_moe\.|(?:^|\.)layers\.\d+\.mlp\.experts\./, 'a language model of experts'],
  [/(?:^|\.)layers\.\d+\.self_attn\.q_proj\./, 'a Llama-like language model'],
  [/(?:^|\.)blocks\.\d+\.attn\.qkv\./, 'a Vision Transformer'],
  [/(?:^|\.)encoder\.layers\.encoder_layer_\d+\./, 'a Vision Transformer'],
  [/(?:^|\.)layers\.\d+\.self_attn\.in_proj_weight$/, 'a Transformer encoder'],
  [/(?:^|\.)layer[1-4]\.\d+\.conv\d\.weight$/, 'a ResNet-like image classifier'],
  [/(?:^|\.)features\.denseblock\d+\./, 'a DenseNet-like image classifier'],
  [/(?:^|\.)model\.\d+\.(?:cv\d|m\.\d+|conv)\./, 'a YOLO-like detector'],
  [/(?:^|\.)features\.\d+\.(?:conv\.)?\d*\.?weight$/, 'a convolutional image classifier'],
  [/(?:^|\.)weight_ih_l\d+/, 'a recurrent network (LSTM, GRU or RNN)'],
]

/**
 * What weights look like, by the names and shapes of the tensors; undefined where they look like nothing.
 * @returns words that follow `looks like`: `a BERT-like text encoder`, `a network of 2 convolutions and 1 dense layer`
 */
export function guessArchitecture(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): string | undefined {
  const names = [...tensors.keys()]
  const known = FAMILIES.find(([pattern]) => names.some((name) => pattern.test(name)))
  if (known !== undefined) return known[1]
  let convolutions = 0
  let dense = 0
  for (const [name, { shape }] of tensors) {
    if (!name.endsWith('weight')) continue
    if (shape.length >= 3) convolutions++
    else if (shape.length === 2) dense++
  }
  const parts = [count(convolutions, 'convolution'), count(dense, 'dense layer')].filter((part) => part !== undefined)
  return parts.length === 0 ? undefined : `a network of ${parts.join(' and ')}`
}

function count(number: number, what: string): string | undefined {
  return number === 0 ? undefined : `${number} ${what}${number === 1 ? '' : 's'}`
}
