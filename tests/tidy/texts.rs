//! Every text that the code holds, as the compiler would see it: `concat!` joined, and this crate's own macros expanded.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::visit::Visit;

use crate::sources::{Source, sources, without_docs};

/// A text in the code.
#[derive(Clone, Debug)]
pub struct Text {
    /// The constant that it is in; where it is in none, the line.
    pub place: String,
    /// What it says.
    pub text: String,
}

/// The texts of all files, each with its file.
pub fn texts() -> impl Iterator<Item = (&'static Source, &'static Text)> {
    sources().iter().flat_map(|source| source.texts.iter().map(move |text| (source, text)))
}

/// The statements of all files.
pub fn statements() -> impl Iterator<Item = Statement> {
    texts().filter(|(_, text)| is_sql(&text.text)).map(|(source, text)| Statement { source, text })
}

/// A statement, or the head of one, and where it stands.
#[derive(Clone, Copy)]
pub struct Statement {
    /// Its file.
    pub source: &'static Source,
    /// The text and its constant.
    pub text: &'static Text,
}

impl Statement {
    /// Where to look: file and constant.
    pub fn at(&self) -> String {
        format!("{} {}", self.source.path, self.text.place)
    }
}

/// Whether it is a whole statement, or the head of one.
pub fn is_sql(text: &str) -> bool {
    let text = text.trim_start();
    ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "].iter().any(|start| text.starts_with(start))
}

/// An own `macro_rules`: the domain that writes it, and its arms as pattern and body.
type Definition = (String, Vec<(TokenStream, TokenStream)>);

/// This crate's own `macro_rules` by name.
pub struct Macros(BTreeMap<String, Definition>);

impl Macros {
    /// Those of these files, each with its domain.
    pub fn of<'a>(files: impl Iterator<Item = (&'a str, &'a syn::File)>) -> Self {
        let mut found = Definitions { domain: String::new(), found: BTreeMap::new() };
        for (domain, file) in files {
            domain.clone_into(&mut found.domain);
            found.visit_file(file);
        }
        Self(found.found)
    }

    /// The texts in these tokens. Macros are expanded, or only those that this domain writes.
    pub fn texts(&self, tokens: TokenStream, only: Option<&str>) -> Vec<Text> {
        let own = |(_, (domain, _)): &(&String, &Definition)| only.is_none_or(|only| only == domain);
        let macros = Self(self.0.iter().filter(own).map(|(name, arms)| (name.clone(), arms.clone())).collect());
        let mut finder = Finder { macros: &macros, place: None, found: Vec::new() };
        finder.walk(tokens);
        finder.found
    }

    /// The text that an expression is, when it is one: a literal, `concat!` of such, or a macro that expands to one.
    fn evaluate(&self, expression: &[TokenTree]) -> Option<String> {
        match expression {
            [TokenTree::Literal(literal)] => match syn::Lit::new(literal.clone()) {
                syn::Lit::Str(text) => Some(text.value()),
                syn::Lit::Int(number) => Some(number.base10_digits().to_owned()),
                _ => None,
            },
            [TokenTree::Group(group)] if group.delimiter() != Delimiter::Bracket => {
                self.evaluate_stream(group.stream())
            }
            [TokenTree::Ident(name), TokenTree::Punct(bang), TokenTree::Group(arguments)] if bang.as_char() == '!' => {
                if name == "concat" {
                    let parts: Vec<TokenTree> = arguments.stream().into_iter().collect();
                    let parts = parts.split(is_comma).filter(|part| !part.is_empty());
                    return parts.map(|part| self.evaluate(part)).collect();
                }
                self.evaluate_stream(self.expand(&name.to_string(), arguments.stream())?)
            }
            _ => None,
        }
    }

    fn evaluate_stream(&self, tokens: TokenStream) -> Option<String> {
        self.evaluate(&tokens.into_iter().collect::<Vec<_>>())
    }

    /// What a call becomes; `None` for macros of others, and where no arm without repetitions matches.
    fn expand(&self, name: &str, arguments: TokenStream) -> Option<TokenStream> {
        let arguments: Vec<TokenTree> = arguments.into_iter().collect();
        self.0.get(name)?.1.iter().find_map(|(pattern, body)| {
            let bound = bind(&pattern.clone().into_iter().collect::<Vec<_>>(), &arguments)?;
            Some(substitute(body.clone(), &bound))
        })
    }
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',')
}

type Bound = BTreeMap<String, Vec<TokenTree>>;

/// Matches `$name:kind` and plain tokens; what has repetitions is not matched.
fn bind(pattern: &[TokenTree], arguments: &[TokenTree]) -> Option<Bound> {
    let (mut bound, mut pattern, mut rest) = (Bound::new(), pattern, arguments);
    while let [first, after @ ..] = pattern {
        match (first, after) {
            (
                TokenTree::Punct(dollar),
                [TokenTree::Ident(name), TokenTree::Punct(_), TokenTree::Ident(kind), after @ ..],
            ) if dollar.as_char() == '$' => {
                let single = ["literal", "ident", "tt"].contains(&kind.to_string().as_str());
                let end = if single { 1 } else { rest.iter().position(is_comma).unwrap_or(rest.len()) };
                bound.insert(name.to_string(), rest.get(..end)?.to_vec());
                (pattern, rest) = (after, &rest[end..]);
            }
            (TokenTree::Punct(dollar), _) if dollar.as_char() == '$' => return None,
            (plain, after) => {
                let (argument, others) = rest.split_first()?;
                if argument.to_string() != plain.to_string() {
                    return None;
                }
                (pattern, rest) = (after, others);
            }
        }
    }
    rest.is_empty().then_some(bound)
}

fn substitute(body: TokenStream, bound: &Bound) -> TokenStream {
    let mut out: Vec<TokenTree> = Vec::new();
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.peek() {
                Some(TokenTree::Ident(name)) if bound.contains_key(&name.to_string()) => {
                    out.extend(bound[&name.to_string()].clone());
                    tokens.next();
                }
                _ => {}
            },
            TokenTree::Group(group) => {
                out.push(Group::new(group.delimiter(), substitute(group.stream(), bound)).into());
            }
            other => out.push(other),
        }
    }
    out.into_iter().collect()
}

struct Definitions {
    domain: String,
    found: BTreeMap<String, Definition>,
}

impl<'a> Visit<'a> for Definitions {
    fn visit_item_macro(&mut self, definition: &'a syn::ItemMacro) {
        let Some(name) = &definition.ident else { return };
        let groups = definition.mac.tokens.clone().into_iter().filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        });
        let groups: Vec<TokenStream> = groups.collect();
        let arms = groups.chunks_exact(2).map(|arm| (arm[0].clone(), arm[1].clone()));
        self.found.insert(name.to_string(), (self.domain.clone(), arms.collect()));
    }
}

/// Walks the tokens of a file.
struct Finder<'a> {
    macros: &'a Macros,
    /// The constant that is being read.
    place: Option<String>,
    found: Vec<Text>,
}

impl Finder<'_> {
    fn walk(&mut self, tokens: TokenStream) {
        let tokens = without_docs(tokens);
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let outer = self.place.clone();
            at += match (token, &tokens[at + 1..]) {
                // Read where it is called.
                (TokenTree::Ident(word), [_, TokenTree::Ident(_), TokenTree::Group(_), ..])
                    if word == "macro_rules" =>
                {
                    4
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), ..]) if word == "const" || word == "static" => {
                    self.place = Some(name.to_string());
                    2
                }
                (TokenTree::Ident(name), [TokenTree::Punct(bang), TokenTree::Group(arguments), ..])
                    if bang.as_char() == '!' =>
                {
                    let line = name.span().start().line;
                    let expanded = self.macros.expand(&name.to_string(), arguments.stream());
                    if let Some(text) = self.macros.evaluate(&tokens[at..at + 3]) {
                        self.add(line, text);
                    } else {
                        self.walk(expanded.unwrap_or_else(|| arguments.stream()));
                        self.place = outer;
                    }
                    3
                }
                (TokenTree::Punct(end), _) if end.as_char() == ';' => {
                    self.place = None;
                    1
                }
                (TokenTree::Group(group), _) => {
                    self.walk(group.stream());
                    self.place = outer;
                    1
                }
                (TokenTree::Literal(literal), _) => {
                    if let syn::Lit::Str(text) = syn::Lit::new(literal.clone()) {
                        self.add(literal.span().start().line, text.value());
                    }
                    1
                }
                _ => 1,
            };
        }
    }

    fn add(&mut self, line: usize, text: String) {
        let place = self.place.clone().unwrap_or_else(|| format!("line {line}"));
        self.found.push(Text { place, text });
    }
}

#[test]
fn texts_are_what_the_compiler_makes_of_them() {
    let source = Source::of(
        "src/a/store.rs",
        r#"
        macro_rules! columns { () => { "a, b" }; }
        macro_rules! select { ($tail:literal) => { concat!("SELECT ", columns!(), " FROM t ", $tail) }; }
        macro_rules! both { ($table:literal, $id:expr) => { Both { one: concat!("DELETE FROM ", $table), two: $id } }; }
        const ONE: &str = select!("WHERE a = $1");
        const BOTH: Both = both!("u", "x");
        /// Not "this".
        fn f() { g(select!("")); h!(tx, "plain \
            text"); }
        "#,
    );
    let found = source.texts;
    let told: Vec<_> = found.iter().map(|text| (text.place.as_str(), text.text.as_str())).collect();
    assert_eq!(
        told,
        [
            ("ONE", "SELECT a, b FROM t WHERE a = $1"),
            ("BOTH", "DELETE FROM u"),
            ("BOTH", "x"),
            ("line 8", "SELECT a, b FROM t "),
            ("line 8", "plain text"),
        ]
    );
    assert!(is_sql(&found[0].text) && !is_sql(&found[2].text));
}
