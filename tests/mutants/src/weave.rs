//! All mutants of a file in one: each place where one is goes by which of them is the active one.

use std::collections::HashMap;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprStruct, Member, Pat, ReturnType, Signature, Stmt, Type, UnOp, parse_quote,
};

use crate::list::{Genre, Mutant, Place};

/// A file with these mutants in it, each by its number, and which of them found no place.
pub fn weave<'a>(source: &str, mutants: impl Iterator<Item = (u32, &'a Mutant)>) -> Result<(String, Vec<u32>)> {
    let mut file = syn::parse_file(source).context("it does not parse")?;
    let mut weaver = Weaver { at: HashMap::new(), is_covered: false };
    for (id, mutant) in mutants {
        weaver.at.entry((mutant.genre, mutant.span.start)).or_default().push((id, mutant));
    }
    weaver.visit_file_mut(&mut file);
    let left = weaver.at.into_values().flatten().map(|(id, _)| id).collect();
    Ok((prettyplease::unparse(&file), left))
}

struct Weaver<'a> {
    at: HashMap<(Genre, Place), Vec<(u32, &'a Mutant)>>,
    /// The match that we are in has an arm for all that is left.
    is_covered: bool,
}

impl<'a> Weaver<'a> {
    fn take(&mut self, genre: Genre, at: Place) -> Vec<(u32, &'a Mutant)> {
        self.at.remove(&(genre, at)).unwrap_or_default()
    }

    fn in_function(&mut self, signature: &mut Signature, block: &mut Block) {
        let left = self.left();
        let first = block.stmts.first().map(|first| Place::from(first.span().start()));
        visit_mut::visit_block_mut(self, block);
        let mutants = first.map(|first| self.take(Genre::FnValue, first)).unwrap_or_default();
        if self.left() < left {
            // Which mutant is active is not known to the compiler.
            signature.constness = None;
        }
        let values: Vec<(u32, Expr)> = mutants
            .into_iter()
            .map(|(id, mutant)| (id, syn::parse_str(&mutant.replacement).expect("a replacement is an expression")))
            .collect();
        if !matches!(&signature.output, ReturnType::Type(_, of) if matches!(**of, Type::ImplTrait(_))) {
            for (id, value) in values {
                block.stmts.insert(0, parse_quote!(if crate::mutant::is(#id) { return #value; }));
            }
        } else if let Some(Stmt::Expr(own, None)) = block.stmts.last_mut() {
            // Each is of a type of its own, and one type holds them all.
            let mut held = quote!(#own);
            for (id, value) in values {
                held = quote!(if crate::mutant::is(#id) {
                    crate::mutant::Either::Other(#value)
                } else {
                    crate::mutant::Either::Own(#held)
                });
            }
            *own = parse_quote!({ #held });
        }
    }

    fn left(&self) -> usize {
        self.at.len()
    }

    fn binary(&mut self, binary: &ExprBinary) -> Option<Expr> {
        let mutants = self.take(Genre::BinaryOperator, binary.op.span().start().into());
        if mutants.is_empty() {
            return None;
        }
        let ExprBinary { left, right, op, .. } = binary;
        if let (BinOp::And(_) | BinOp::Or(_), [(id, _)]) = (op, &mutants[..]) {
            // The right-hand side stands once, and is asked for only if it would be.
            let goes_on = if matches!(op, BinOp::And(_)) { quote!(!=) } else { quote!(==) };
            return Some(parse_quote!(({
                let __left = #left;
                if __left #goes_on crate::mutant::is(#id) { #right } else { __left }
            })));
        }
        let ids: Vec<u32> = mutants.iter().map(|(id, _)| *id).collect();
        let each = |variant: &dyn Fn(&TokenStream) -> TokenStream| {
            let arms = mutants.iter().map(|(id, mutant)| {
                let other: TokenStream = mutant.replacement.parse().expect("a replacement is an operator");
                let variant = variant(&other);
                quote!(#id => #variant,)
            });
            let own = variant(&quote!(#op));
            quote!(match crate::mutant::among(&[#(#ids),*]) { #(#arms)* _ => #own })
        };
        Some(match op {
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) => {
                let chosen = each(&|op| quote!(*__left #op *__right));
                parse_quote!((match (&(#left), &(#right)) { (__left, __right) => #chosen }))
            }
            op if is_assignment(op) => {
                let chosen = each(&|op| quote!({ #left #op __right; }));
                parse_quote!(({ let __right = #right; #chosen }))
            }
            _ => {
                let chosen = each(&|op| quote!(__left #op __right));
                parse_quote!(({ let __left = #left; let __right = #right; #chosen }))
            }
        })
    }

    fn without_field(&mut self, literal: &ExprStruct) -> Option<Expr> {
        literal.rest.as_ref()?;
        let mut woven = quote!(#literal);
        for (index, field) in literal.fields.iter().enumerate() {
            let Member::Named(name) = &field.member else { continue };
            for (id, _) in self.take(Genre::StructField, name.span().start().into()) {
                let fields = literal.fields.iter().enumerate().filter(|(other, _)| *other != index);
                let mut without = literal.clone();
                without.fields = fields.map(|(_, field)| field.clone()).collect();
                if !without.fields.is_empty() {
                    // The rest does not follow a field without it.
                    without.fields.push_punct(Default::default());
                }
                woven = quote!(if crate::mutant::is(#id) { #without } else { #woven });
            }
        }
        Some(parse_quote!(({ #woven })))
    }
}

impl VisitMut for Weaver<'_> {
    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        self.in_function(&mut item.sig, &mut item.block);
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        self.in_function(&mut item.sig, &mut item.block);
    }

    fn visit_trait_item_fn_mut(&mut self, item: &mut syn::TraitItemFn) {
        if let Some(block) = &mut item.default {
            self.in_function(&mut item.sig, block);
        }
    }

    fn visit_item_const_mut(&mut self, _item: &mut syn::ItemConst) {}

    fn visit_impl_item_const_mut(&mut self, _item: &mut syn::ImplItemConst) {}

    fn visit_item_static_mut(&mut self, _item: &mut syn::ItemStatic) {}

    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        visit_mut::visit_expr_mut(self, expr);
        match expr {
            Expr::Binary(binary) => {
                if let Some(woven) = self.binary(binary) {
                    *expr = woven;
                }
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                if let Some((id, _)) = self.take(Genre::UnaryOperator, unary.op.span().start().into()).pop() {
                    let (op, operand) = (&unary.op, &unary.expr);
                    *expr = parse_quote!(({
                        let __operand = #operand;
                        if crate::mutant::is(#id) { __operand } else { #op __operand }
                    }));
                }
            }
            Expr::Struct(literal) => {
                if let Some(woven) = self.without_field(literal) {
                    *expr = woven;
                }
            }
            _ => {}
        }
    }

    /// A length is a constant.
    fn visit_expr_repeat_mut(&mut self, repeat: &mut syn::ExprRepeat) {
        self.visit_expr_mut(&mut repeat.expr);
    }

    /// An arm that is guarded covers nothing, so that another must cover all.
    fn visit_expr_match_mut(&mut self, matched: &mut syn::ExprMatch) {
        let covers = |arm: &Arm| {
            let catches = match &arm.pat {
                Pat::Wild(_) => true,
                // Not the name of a constant or a variant.
                Pat::Ident(ident) => ident.ident.to_string().starts_with(|c: char| c.is_lowercase()),
                _ => false,
            };
            catches && arm.guard.is_none()
        };
        let outer = std::mem::replace(&mut self.is_covered, matched.arms.iter().any(covers));
        visit_mut::visit_expr_match_mut(self, matched);
        self.is_covered = outer;
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        let own = Place::from(arm.pat.span().start());
        let is_covered = self.is_covered;
        let guarded = arm.guard.as_ref().map(|(_, guard)| Place::from(guard.span().start()));
        visit_mut::visit_arm_mut(self, arm);
        for (id, mutant) in guarded.map(|at| self.take(Genre::MatchArmGuard, at)).unwrap_or_default() {
            let (token, guard) = arm.guard.take().expect("it is guarded");
            let always = mutant.replacement == "true";
            let guard = if always {
                parse_quote!((crate::mutant::is(#id) || #guard))
            } else {
                parse_quote!((!crate::mutant::is(#id) && #guard))
            };
            arm.guard = Some((token, guard));
        }
        for (id, _) in if is_covered { self.take(Genre::MatchArm, own) } else { Vec::new() } {
            let guard = arm.guard.take().map_or_else(|| quote!(true), |(_, guard)| quote!(#guard));
            arm.guard = Some((Default::default(), parse_quote!((!crate::mutant::is(#id) && #guard))));
        }
    }
}

fn is_assignment(op: &BinOp) -> bool {
    quote!(#op).to_string().ends_with('=')
}

/// What the woven source asks: which mutant is active, from the environment. In a run that records, every mutant that
/// is come to is written down once.
pub const SWITCH: &str = r#"
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex};

const RECORD: u32 = u32::MAX;
static ACTIVE: LazyLock<u32> = LazyLock::new(|| {
    if std::env::var_os("JETON_MUTANTS_REACHED").is_some() {
        return RECORD;
    }
    std::env::var("JETON_MUTANT").ok().and_then(|id| id.parse().ok()).unwrap_or(RECORD - 1)
});
static SEEN: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
static REACHED: LazyLock<Mutex<std::fs::File>> = LazyLock::new(|| {
    let path = std::env::var_os("JETON_MUTANTS_REACHED").expect("it records");
    Mutex::new(std::fs::OpenOptions::new().create(true).append(true).open(path).expect("it can be written"))
});

/// What a function gives back of which only a trait is told: its own, or a mutant's.
pub(crate) enum Either<O, M> {
    Own(O),
    Other(M),
}

impl<O: Iterator, M: Iterator<Item = O::Item>> Iterator for Either<O, M> {
    type Item = O::Item;

    fn next(&mut self) -> Option<O::Item> {
        match self {
            Self::Own(own) => own.next(),
            Self::Other(other) => other.next(),
        }
    }
}

pub(crate) fn is(id: u32) -> bool {
    if *ACTIVE == RECORD {
        reach(id);
    }
    *ACTIVE == id
}

pub(crate) fn among(ids: &[u32]) -> u32 {
    if *ACTIVE == RECORD {
        ids.iter().for_each(|&id| reach(id));
    }
    *ACTIVE
}

#[cold]
fn reach(id: u32) {
    if !SEEN[id as usize].swap(true, Ordering::Relaxed) {
        let line = format!("{id}\n");
        REACHED.lock().expect("nobody panics with it").write_all(line.as_bytes()).expect("it can be written");
    }
}
"#;
