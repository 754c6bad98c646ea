// The operations of the arch dialect.
#ifndef CODESIGN_ARCH_OPS_TD
#define CODESIGN_ARCH_OPS_TD

include "ArchDialect.td"
include "ArchInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Arch_Op<string mnemonic, list<Trait> traits = []> : Op<Arch_Dialect, mnemonic, traits>;

def Arch_ModelOp : Arch_Op<"model", [Symbol, SymbolTable, IsolatedFromAbove, NoTerminator, SingleBlock,
    NoRegionArguments, DeclareOpInterfaceMethods<RegionKindInterface>]> {
  let summary = "a model and the question about it";
  let description = [{
    The body lists dimensions, budgets, constraints, workloads and the objective in any order, and the blocks in
    execution order: those before the first `arch.layers` run once before all layers, those after the last once after. In a
    `template` the values of the dimensions are no model to compare with, only where the domains start.

    ```mlir
    arch.model @tiny family "llama" type bf16 positions 2048 {
      arch.dimension @hidden_size = 512 in 256 to 1024 step 64
      arch.embedding vocab 32000 hidden @hidden_size
      arch.layers 8 {
        arch.norm rms hidden @hidden_size residual
        arch.mlp swiglu hidden @hidden_size intermediate 1408
      }
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$family, TypeAttr:$type,
    ConfinedAttr<I64Attr, [IntNonNegative]>:$max_position_embeddings, UnitAttr:$is_template);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `family` $family `type` $type `positions` custom<Integer>($max_position_embeddings)
    (`template` $is_template^)?
    attr-dict-with-keyword $body
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    /// The dimension of that name, or null.
    DimensionOp lookupDimension(::codesign::Dimension dimension);
    /// The values of the model as given; 0 for dimensions that are not declared.
    ::codesign::DimensionValues baseValues();
  }];
  let extraClassDefinition = [{
    ::mlir::RegionKind $cppClass::getRegionKind(unsigned) { return ::mlir::RegionKind::Graph; }
  }];
}

def Arch_DimensionOp : Arch_Op<"dimension", [Symbol, HasParent<"ModelOp">,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "a named size, its value in the model as given, and what a search may make of it";
  let description = [{
    Without a domain the dimension is fixed. Names are those of Hugging Face's config.json.

    ```mlir
    arch.dimension @vocab_size = 128256
    arch.dimension @head_dim = 128 in [64, 128]
    arch.dimension @hidden_size = 4096 in 3072 to 5120 step 64
    arch.dimension @intermediate_size = 14336 in 2.5 to 4.0 of @hidden_size step 64
    ```

    Only @shared_expert_intermediate_size may be 0: no shared expert.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, ConfinedAttr<I64Attr, [IntNonNegative]>:$base,
    OptionalAttr<Arch_DomainAttrInterface>:$domain);
  let assemblyFormat = [{
    $sym_name `=` custom<Integer>($base) (`in` custom<Domain>($domain)^)? attr-dict
  }];
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    /// The dimension that the verified name stands for.
    ::codesign::Dimension getDimension();
  }];
}

def Arch_BudgetOp : Arch_Op<"budget", [HasParent<"ModelOp">]> {
  let summary = "limits of a quantity of the whole model";
  let description = [{
    Parameters count the whole model, memory one rank in every workload, FLOPs the forward pass of one token.

    ```mlir
    arch.budget params min 7.84e9 max 8.16e9
    arch.budget memory_bytes max 8.0e10
    ```
  }];
  let arguments = (ins Arch_BudgetKind:$kind, OptionalAttr<F64Attr>:$min, OptionalAttr<F64Attr>:$max);
  let assemblyFormat = [{
    $kind (`min` custom<Number>($min)^)? (`max` custom<Number>($max)^)? attr-dict
  }];
  let hasVerifier = 1;
}

def Arch_ConstraintOp : Arch_Op<"constraint", [HasParent<"ModelOp">]> {
  let summary = "a named guard-rail: the limits of a quality rule";
  let description = [{
    The rule's quantity is defined by the search; a rule that is not listed keeps its default, `off` disables it.

    ```mlir
    arch.constraint "depth_width_band" min 64.0 max 160.0
    arch.constraint "head_dim_menu" off
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<F64Attr>:$min, OptionalAttr<F64Attr>:$max, UnitAttr:$off);
  let assemblyFormat = [{
    $name (`min` custom<Number>($min)^)? (`max` custom<Number>($max)^)? (`off` $off^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::codesign::GuardRailChange toChange();
  }];
}

def Arch_WorkloadOp : Arch_Op<"workload", [HasParent<"ModelOp">]> {
  let summary = "one use of the model and its weight";
  let description = [{
    Train and prefill process `batch` sequences of `seq_len` tokens, decode one token for each of `batch` sequences
    with `context` tokens in the cache. `tensor`, `expert` and `pipeline` are the ranks of one replica;
    a search may also take one of those listed after `among`.

    ```mlir
    arch.workload "train" train batch 4 seq_len 4096 type bf16 weight 0.7
    arch.workload "decode" decode batch 64 context 8192 type f8E4M3FN tensor 8 among [tensor 4, tensor 8] weight 0.3
    ```
  }];
  let arguments = (ins StrAttr:$name, Arch_Phase:$phase,
    ConfinedAttr<I64Attr, [IntPositive]>:$batch,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$sequence_length,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$context_length,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$micro_batches,
    TypeAttr:$type, OptionalAttr<TypeAttr>:$key_value_type,
    DefaultValuedAttr<Arch_Scaling, "::codesign::arch::Scaling::None">:$scaling,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$tensor,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$expert,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$pipeline,
    OptionalAttr<Arch_Splits>:$splits, F64Attr:$weight);
  let assemblyFormat = [{
    $name $phase `batch` custom<Integer>($batch) (`seq_len` custom<Integer>($sequence_length)^)?
    (`context` custom<Integer>($context_length)^)? (`micro_batches` custom<Integer>($micro_batches)^)?
    `type` $type (`kv_type` $key_value_type^)? (`scaling` $scaling^)?
    (`tensor` custom<Integer>($tensor)^)? (`expert` custom<Integer>($expert)^)?
    (`pipeline` custom<Integer>($pipeline)^)? (`among` custom<Splits>($splits)^)? `weight` custom<Number>($weight) attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::codesign::WorkloadChoice toWorkload();
    ::codesign::Parallelism parallelism();
  }];
}

def Arch_ObjectiveOp : Arch_Op<"objective", [HasParent<"ModelOp">]> {
  let summary = "what the search minimises: time, cost or energy";
  let arguments = (ins Arch_Objective:$objective);
  let assemblyFormat = "$objective attr-dict";
}

def Arch_PlanOp : Arch_Op<"plan", [HasParent<"ModelOp">]> {
  let summary = "what a search found for one device";
  let description = [{
    `dimensions` are the chosen values. `decision` is the whole plan with the keys of plan.json: the variants that were compared, the reasons, the certificate, the kernels.

    ```mlir
    arch.plan for "mi300x" chooses {head_dim = 128, hidden_size = 4096} because {
      hardware = "mi300x",
      best = [{speedup = 1.25, verdict = "faster"} ]
    }
    ```
  }];
  let arguments = (ins StrAttr:$hardware, DictionaryAttr:$dimensions, Arch_Tree:$decision);
  let assemblyFormat = "`for` $hardware `chooses` custom<Values>($dimensions) `because` custom<Tree>($decision) attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// The chosen values; 0 for dimensions that the model does not have.
    ::codesign::DimensionValues chosenValues();
  }];
}

def Arch_LayersOp : Arch_Op<"layers", [HasParent<"ModelOp">, NoTerminator, SingleBlock, NoRegionArguments,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>, DeclareOpInterfaceMethods<RegionKindInterface>]> {
  let summary = "equal layers, written once";
  let description = [{
    With `of @num_hidden_layers` the count is this group's share of that dimension: when the dimension changes, it is
    spread over the groups in proportion to their counts.
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntPositive]>:$count, OptionalAttr<FlatSymbolRefAttr>:$of);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "custom<Integer>($count) (`of` $of^)? attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
  let extraClassDefinition = [{
    ::mlir::RegionKind $cppClass::getRegionKind(unsigned) { return ::mlir::RegionKind::Graph; }
  }];
}

class Arch_BlockOp<string mnemonic> : Arch_Op<mnemonic, [ParentOneOf<["ModelOp", "LayersOp"]>,
    DeclareOpInterfaceMethods<Arch_BlockOpInterface, ["getBlock"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def Arch_AttentionOp : Arch_BlockOp<"attention"> {
  let summary = "multi-head or grouped-query attention with its four projections";
  let arguments = (ins Arch_Size:$hidden_size, Arch_Size:$num_attention_heads, Arch_Size:$num_key_value_heads,
    Arch_Size:$head_dim, OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$sliding_window,
    UnitAttr:$rotary, UnitAttr:$query_key_norm, UnitAttr:$query_key_value_bias, UnitAttr:$output_bias,
    UnitAttr:$multi_head);
  let assemblyFormat = [{
    `hidden` custom<Size>($hidden_size) `heads` custom<Size>($num_attention_heads)
    `kv_heads` custom<Size>($num_key_value_heads) `head_dim` custom<Size>($head_dim)
    (`window` custom<Integer>($sliding_window)^)? (`rotary` $rotary^)? (`qk_norm` $query_key_norm^)?
    (`qkv_bias` $query_key_value_bias^)? (`output_bias` $output_bias^)? (`multi_head` $multi_head^)? attr-dict
  }];
}

def Arch_MlpOp : Arch_BlockOp<"mlp"> {
  let summary = "feed-forward network: SwiGLU (gate, up, down) or GELU or ReLU (up, down)";
  let arguments = (ins Arch_MlpKind:$kind, Arch_Size:$hidden_size, Arch_Size:$intermediate_size, UnitAttr:$bias);
  let assemblyFormat = [{
    $kind `hidden` custom<Size>($hidden_size) `intermediate` custom<Size>($intermediate_size)
    (`bias` $bias^)? attr-dict
  }];
}

def Arch_MoeOp : Arch_BlockOp<"moe"> {
  let summary = "router, top-k of the experts, and an optional shared expert that every token uses";
  let arguments = (ins Arch_MlpKind:$kind, Arch_Size:$hidden_size, Arch_Size:$num_experts,
    Arch_Size:$num_experts_per_tok, Arch_Size:$moe_intermediate_size,
    OptionalAttr<Arch_Size>:$shared_expert_intermediate_size, UnitAttr:$shared_expert_gate);
  let assemblyFormat = [{
    $kind `hidden` custom<Size>($hidden_size) `experts` custom<Size>($num_experts)
    `top_k` custom<Size>($num_experts_per_tok) `intermediate` custom<Size>($moe_intermediate_size)
    (`shared` custom<Size>($shared_expert_intermediate_size)^)? (`shared_gate` $shared_expert_gate^)? attr-dict
  }];
}

def Arch_NormOp : Arch_BlockOp<"norm"> {
  let summary = "RMSNorm or LayerNorm, fused with the residual addition before it where there is one";
  let arguments = (ins Arch_NormKind:$kind, Arch_Size:$hidden_size, UnitAttr:$residual);
  let assemblyFormat = "$kind `hidden` custom<Size>($hidden_size) (`residual` $residual^)? attr-dict";
}

def Arch_EmbeddingOp : Arch_BlockOp<"embedding"> {
  let summary = "token embedding and, in models without rotary positions, a position table";
  let arguments = (ins Arch_Size:$vocab_size, Arch_Size:$hidden_size,
    OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$learned_positions);
  let assemblyFormat = [{
    `vocab` custom<Size>($vocab_size) `hidden` custom<Size>($hidden_size)
    (`positions` custom<Integer>($learned_positions)^)? attr-dict
  }];
}

def Arch_HeadOp : Arch_BlockOp<"head"> {
  let summary = "the projection to the vocabulary; `tied` shares the embedding's weights";
  let arguments = (ins Arch_Size:$vocab_size, Arch_Size:$hidden_size, UnitAttr:$tied);
  let assemblyFormat = "`vocab` custom<Size>($vocab_size) `hidden` custom<Size>($hidden_size) (`tied` $tied^)? attr-dict";
}

#endif
