//===- Expr.td - Vocabulary of scalar, gradient and decompose rules -------===//
//
// Part of Ingot, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_EXPR
#define INGOT_EXPR

/// Builds an ingot op. In `scalar` it means that op's own scalar expression.
class Build<string op> { string cppOp = op; }

/// Builds one instruction on scalars or vectors. The three names are the op for floats, for signed and for unsigned
/// integers; "" where there is none. `before` holds leading C++ arguments, one entry for each name.
class Inst<string floatOp, string signedOp = "", string unsignedOp = signedOp, list<string> before = ["", "", ""]> {
  list<string> cppOps = [floatOp, signedOp, unsignedOp];
  list<string> prefixes = before;
}
/// Calls a member of ScalarBuilder, for what is more than one instruction.
class Call<string member> { string function = member; }
class Compare<string floatPredicate, string signedPredicate, string unsignedPredicate = signedPredicate>
    : Inst<"arith::CmpFOp", "arith::CmpIOp", "arith::CmpIOp",
           ["arith::CmpFPredicate::" # floatPredicate, "arith::CmpIPredicate::" # signedPredicate,
            "arith::CmpIPredicate::" # unsignedPredicate]>;

/// No cotangent: the operand is not differentiable.
def None;
/// The argument itself.
def Id;

// Instructions.
def AddS     : Inst<"arith::AddFOp", "arith::AddIOp">;
def SubS     : Inst<"arith::SubFOp", "arith::SubIOp">;
def MulS     : Inst<"arith::MulFOp", "arith::MulIOp">;
def DivS     : Inst<"arith::DivFOp", "arith::DivSIOp", "arith::DivUIOp">;
def RemS     : Inst<"arith::RemFOp", "arith::RemSIOp", "arith::RemUIOp">;
def NegS     : Call<"negate">;
def PowS     : Call<"power">;
def MaxS     : Inst<"arith::MaximumFOp", "arith::MaxSIOp", "arith::MaxUIOp">;
def MinS     : Inst<"arith::MinimumFOp", "arith::MinSIOp", "arith::MinUIOp">;
def GtS      : Compare<"OGT", "sgt", "ugt">;
def GeS      : Compare<"OGE", "sge", "uge">;
def LtS      : Compare<"OLT", "slt", "ult">;
def LeS      : Compare<"OLE", "sle", "ule">;
def EqS      : Compare<"OEQ", "eq">;
def NeS      : Compare<"UNE", "ne">;
def UnoS     : Inst<"arith::CmpFOp", "", "", ["arith::CmpFPredicate::UNO", "", ""]>;
def SelectS  : Inst<"arith::SelectOp", "arith::SelectOp">;
def AndS     : Inst<"", "arith::AndIOp">;
def OrS      : Inst<"", "arith::OrIOp">;
def XorS     : Inst<"", "arith::XOrIOp">;

// Graph ops that rules may build; each is defined in its family's file.
def Add       : Build<"AddOp">;        def Sub        : Build<"SubOp">;      def Mul      : Build<"MulOp">;
def Div       : Build<"DivOp">;        def Neg        : Build<"NegOp">;      def Exp      : Build<"ExpOp">;
def Log       : Build<"LogOp">;        def Sqrt       : Build<"SqrtOp">;     def Tanh     : Build<"TanhOp">;
def Erf       : Build<"ErfOp">;        def Sin        : Build<"SinOp">;      def Cos      : Build<"CosOp">;
def Sigmoid   : Build<"SigmoidOp">;    def Pow        : Build<"PowOp">;      def Sign     : Build<"SignOp">;
def Select    : Build<"WhereOp">;      def Greater    : Build<"GreaterOp">;  def Less     : Build<"LessOp">;
def GreaterEq : Build<"GreaterOrEqualOp">; def LessEq : Build<"LessOrEqualOp">; def Equal : Build<"EqualOp">;
def Max       : Build<"MaxOp">;        def Min        : Build<"MinOp">;      def Softplus : Build<"SoftplusOp">;
def Sinh       : Build<"SinhOp">;     def Cosh       : Build<"CoshOp">;

/// A worked example of an op. Every example becomes a test on every execution path; inputs are run-time arguments.
class Example<list<string> ins, list<string> outs, string attrs = ""> {
  list<string> inputs = ins;
  list<string> outputs = outs;
  string attributes = attrs;
}

/// What a test of a gradient differentiates: types, or constants for operands that have no gradient, types of results,
/// and attributes. Floats are f64.
class GradientCase<list<string> ins, list<string> outs, string attrs = ""> {
  list<string> inputs = ins;
  list<string> outputs = outs;
  string attributes = attrs;
}

/// The ONNX operator that an op imports one to one: name, first opset of the form that the record describes. Attributes
/// have ONNX's names and defaults.
class Onnx<string op, int opset, string domain_ = ""> {
  string name = op;
  int since = opset;
  string domain = domain_;
}
def NotOnnx : Onnx<"", 0>;

#endif
