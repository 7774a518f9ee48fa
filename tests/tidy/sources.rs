//! Reads the sources with a real parser: what is code, what it names, which texts it holds, how long its functions are.
//!
//! Items behind `#[cfg(test)]` are taken out first, and so are files that exist for tests only: what is left is what ships.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item, UseTree};

use crate::texts::{Macros, Text};

/// What others may depend on without the service.
pub const TOKEN_CRATE: &str = "crates/ikd-token/src";

/// One file of the program or of the token crate.
pub struct Source {
    /// From the root of the repository, e.g. `src/mail/outbox.rs`.
    pub path: String,
    /// Lines of the whole file: code and its unit tests, because both are read in one sitting.
    pub lines: usize,
    /// The code as text, without documentation and any white space.
    pub compact: String,
    /// Every identifier.
    pub idents: BTreeSet<String>,
    /// Every path into this crate as its segments below `crate`, with imports (grouped, renamed), `self` and `super` resolved.
    pub paths: BTreeSet<Vec<String>>,
    /// Its functions, those inside others too.
    pub functions: Vec<Function>,
    /// Names of public items: types, traits, functions, constants, modules, and those that a macro of ours makes.
    public: Vec<String>,
    /// The texts in it, every macro of ours expanded.
    pub texts: Vec<Text>,
    /// The texts in it as its own domain writes them: what macros of other domains put in is left out.
    pub own_texts: Vec<Text>,
}

/// A function with a body.
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line where its body begins.
    pub line: usize,
    /// Lines between its braces, comments included.
    pub lines: usize,
}

/// All files of `src`, read once. What tests ask is taken out at once: tokens do not leave the thread that parsed them.
pub fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(read);
    &SOURCES
}

fn read() -> Vec<Source> {
    let root = support::root();
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    collect(&root.join(TOKEN_CRATE), &mut paths);
    let texts: BTreeMap<String, String> = paths
        .into_iter()
        .map(|path| {
            (path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    let parsed: Vec<_> = texts.iter().map(|(path, text)| (path, text, Shipped::of(path, text))).collect();
    let tests: Vec<String> = parsed.iter().flat_map(|(.., shipped)| shipped.test_modules.clone()).collect();
    let for_tests = |path: &str| {
        tests.iter().any(|module| path == format!("{module}.rs") || path.starts_with(&format!("{module}/")))
    };
    let known = Known {
        modules: texts.keys().map(|path| module_of(path)).collect(),
        macros: Macros::of(parsed.iter().map(|(path, _, shipped)| (domain_of(path), &shipped.file))),
    };
    parsed
        .into_iter()
        .filter(|(path, ..)| !for_tests(path))
        .map(|(path, text, shipped)| Source::new(path, text.lines().count(), &shipped.file, &known))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    paths.sort();
}

/// `["mail", "outbox"]` for `src/mail/outbox.rs`, nothing for the program's own file; in the token crate behind its name.
fn module_of(path: &str) -> Vec<String> {
    let in_crate = path.strip_prefix(TOKEN_CRATE);
    let inner = in_crate.or(path.strip_prefix("src")).unwrap().trim_end_matches(".rs");
    let mut module: Vec<String> = in_crate.map(|_| String::from("ikd_token")).into_iter().collect();
    module.extend(inner.split('/').skip(1).map(String::from));
    if module.last().is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str())) {
        module.pop();
    }
    module
}

/// A parsed file without its `#[cfg(test)]` items.
struct Shipped {
    file: syn::File,
    /// Files of modules that were declared for tests, without their ending.
    test_modules: Vec<String>,
    folder: String,
}

impl Shipped {
    fn of(path: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let folder = path.trim_end_matches(".rs");
        let folder =
            ["/mod", "/lib", "/main"].iter().find_map(|own| folder.strip_suffix(own)).unwrap_or(folder).to_owned();
        let mut shipped = Self { file: file.clone(), test_modules: Vec::new(), folder };
        let mut file = file;
        shipped.visit_file_mut(&mut file);
        shipped.file = file;
        shipped
    }

    fn keeps(&mut self, item: &Item) -> bool {
        let kept = !is_for_tests(attributes(item));
        if let (false, Item::Mod(syn::ItemMod { content: None, ident, .. })) = (kept, item) {
            self.test_modules.push(format!("{}/{ident}", self.folder));
        }
        kept
    }
}

impl VisitMut for Shipped {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|item| self.keeps(item));
        syn::visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| self.keeps(item));
        }
        syn::visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        block.items.retain(|item| match item {
            syn::ImplItem::Fn(function) => !is_for_tests(&function.attrs),
            syn::ImplItem::Const(constant) => !is_for_tests(&constant.attrs),
            _ => true,
        });
        syn::visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| match statement {
            syn::Stmt::Local(local) => !is_for_tests(&local.attrs),
            syn::Stmt::Item(item) => !is_for_tests(attributes(item)),
            syn::Stmt::Macro(call) => !is_for_tests(&call.attrs),
            syn::Stmt::Expr(..) => true,
        });
        syn::visit_mut::visit_block_mut(self, block);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// What has to be known of all files to read one.
struct Known {
    modules: BTreeSet<Vec<String>>,
    macros: Macros,
}

/// `mail` for `src/mail/outbox.rs`, `clock` for `src/clock.rs`.
pub fn domain_of(path: &str) -> &str {
    let inner = path.strip_prefix("src/").or(path.strip_prefix("crates/")).unwrap();
    inner.split('/').next().unwrap().trim_end_matches(".rs")
}

impl Source {
    fn new(path: &str, lines: usize, file: &syn::File, known: &Known) -> Self {
        let tokens = file.to_token_stream();
        let mut names = Names {
            modules: &known.modules,
            module: module_of(path),
            aliases: BTreeMap::new(),
            found: Found::default(),
        };
        names.read_items(&file.items);
        let Found { idents, paths } = names.found;
        let mut functions = Functions(Vec::new());
        functions.visit_file(file);
        let mut public = Vec::new();
        find_public(tokens.clone(), &mut public);
        Self {
            path: path.to_owned(),
            lines,
            compact: compact(tokens.clone()),
            idents,
            paths,
            functions: functions.0,
            public,
            texts: known.macros.texts(tokens.clone(), None),
            own_texts: known.macros.texts(tokens, Some(domain_of(path))),
        }
    }

    /// A source of this text, for tests of the reader.
    pub fn of(path: &str, text: &str) -> Self {
        let file = Shipped::of(path, text).file;
        let macros = Macros::of([(domain_of(path), &file)].into_iter());
        Self::new(path, text.lines().count(), &file, &Known { modules: BTreeSet::new(), macros })
    }

    /// The domain that it belongs to.
    pub fn domain(&self) -> &str {
        domain_of(&self.path)
    }

    /// Whether the file is this room of a domain: `store.rs`, or a file in a folder `store/`.
    pub fn is_room(&self, room: &str) -> bool {
        self.path.ends_with(&format!("/{room}.rs")) || self.path.contains(&format!("/{room}/"))
    }

    /// Whether it names this identifier anywhere.
    pub fn names(&self, ident: &str) -> bool {
        self.idents.contains(ident)
    }

    /// The modules at the top of the crate that its paths lead to.
    pub fn uses(&self) -> BTreeSet<&str> {
        self.paths.iter().filter_map(|path| path.first().map(String::as_str)).collect()
    }

    /// Every public item behind its modules: `["registration", "model", "State"]`; types, traits, functions, constants, modules
    /// (the file itself first), and those that a macro of ours makes.
    pub fn public_items(&self) -> Vec<Vec<String>> {
        let module = module_of(&self.path);
        let inside = self.public.iter().map(|name| module.iter().cloned().chain([name.clone()]).collect());
        (!module.is_empty()).then(|| module.clone()).into_iter().chain(inside).collect()
    }
}

#[derive(Default)]
struct Found {
    idents: BTreeSet<String>,
    paths: BTreeSet<Vec<String>>,
}

/// Finds what a file names. Macros are read token by token, as everything is: a parser does not look into them.
struct Names<'a> {
    modules: &'a BTreeSet<Vec<String>>,
    module: Vec<String>,
    aliases: BTreeMap<String, Vec<String>>,
    found: Found,
}

impl Names<'_> {
    fn read_items(&mut self, items: &[Item]) {
        let mut imports = Imports(Vec::new());
        items.iter().filter(|item| !matches!(item, Item::Mod(_))).for_each(|item| imports.visit_item(item));
        let outer = self.aliases.clone();
        for (path, alias) in &imports.0 {
            self.found.idents.extend(path.iter().cloned());
            if let Some(path) = self.resolve(path) {
                self.found.paths.insert(path.clone());
                self.aliases.insert(alias.clone(), path);
            }
        }
        for item in items {
            match item {
                Item::Mod(syn::ItemMod { ident, content: Some((_, items)), .. }) => {
                    self.module.push(ident.to_string());
                    self.read_items(items);
                    self.module.pop();
                }
                Item::Use(_) => {}
                other => self.read_tokens(other.to_token_stream()),
            }
        }
        self.aliases = outer;
    }

    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        // Two colons join an identifier to the next; one dot before it makes it a field or a method.
        let (mut colons, mut dots, mut in_use) = (0, 0, false);
        for token in without_docs(tokens) {
            match &token {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    self.found.idents.insert(name.clone());
                    if colons != 2 {
                        self.end(&mut path, in_use);
                    }
                    in_use |= name == "use";
                    if colons == 2 || dots != 1 {
                        path.push(name);
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == '.' => {
                    self.end(&mut path, in_use);
                    (colons, dots) = (0, dots + 1);
                    continue;
                }
                other => {
                    self.end(&mut path, in_use);
                    in_use &= other.to_string() != ";";
                    if let TokenTree::Group(group) = other {
                        self.read_tokens(group.stream());
                    }
                }
            }
            (colons, dots) = (0, 0);
        }
        self.end(&mut path, in_use);
    }

    /// What stands in a `use` was read with its groups already.
    fn end(&mut self, path: &mut Vec<String>, in_use: bool) {
        let path = std::mem::take(path);
        if let (false, Some(path)) = (in_use || path.is_empty(), self.resolve(&path)) {
            self.found.paths.insert(path);
        }
    }

    /// The path below `crate`; `None` when it leads out of it or is a name of its own.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let (head, rest) = path.split_first()?;
        let mut base = match head.as_str() {
            "crate" => self.module.iter().take_while(|part| *part == "ikd_token").cloned().collect(),
            "self" if rest.is_empty() => return None,
            "self" => self.module.clone(),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                let base = self.module[..self.module.len().saturating_sub(up)].to_vec();
                return Some([&base[..], &path[up..]].concat());
            }
            name => {
                let child = [&self.module[..], &[name.to_owned()]].concat();
                match self.aliases.get(name) {
                    Some(path) => path.clone(),
                    None if self.modules.contains(&child) && !rest.is_empty() => child,
                    None => return None,
                }
            }
        };
        base.extend(rest.iter().cloned());
        Some(base)
    }
}

/// Tokens without documentation, which is text for people.
fn compact(tokens: TokenStream) -> String {
    let tokens = without_docs(tokens).into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            format!("{open}{}{close}", compact(group.stream()))
        }
        other => other.to_string().split_whitespace().collect(),
    });
    tokens.collect()
}

pub fn without_docs(tokens: TokenStream) -> Vec<TokenTree> {
    let is_doc = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.stream().into_iter().next().is_some_and(|first| first.to_string() == "doc"),
        _ => false,
    };
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        if is_doc(&token) && kept.last().is_some_and(|last| ["#", "!"].contains(&last.to_string().as_str())) {
            while kept.last().is_some_and(|last| ["#", "!"].contains(&last.to_string().as_str())) {
                kept.pop();
            }
        } else {
            kept.push(token);
        }
    }
    kept
}

/// Imports as whole paths, each with the name that it is known by.
struct Imports(Vec<(Vec<String>, String)>);

impl Imports {
    fn add(&mut self, mut path: Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.add(path, &part.tree);
            }
            UseTree::Name(name) if name.ident == "self" => {
                let alias = path.last().cloned().unwrap_or_default();
                self.0.push((path, alias));
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.0.push((path, name.ident.to_string()));
            }
            UseTree::Rename(rename) => {
                if rename.ident != "self" {
                    path.push(rename.ident.to_string());
                }
                self.0.push((path, rename.rename.to_string()));
            }
            UseTree::Glob(_) => self.0.push((path, String::from("*"))),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add(path.clone(), tree)),
        }
    }
}

impl Visit<'_> for Imports {
    fn visit_item_use(&mut self, import: &syn::ItemUse) {
        self.add(Vec::new(), &import.tree);
    }
}

/// Words that begin an item with a name.
const ITEMS: [&str; 8] = ["fn", "struct", "enum", "trait", "type", "mod", "const", "static"];

fn find_public(tokens: TokenStream, names: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => find_public(group.stream(), names),
            TokenTree::Ident(word) if word == "pub" => {
                let words: Vec<String> = tokens[at + 1..].iter().take(4).map(ToString::to_string).collect();
                let words = words.iter().skip_while(|word| ["async", "unsafe"].contains(&word.as_str()));
                let words: Vec<&str> = words.map(String::as_str).collect();
                match words[..] {
                    // `pub const fn`: the name stands behind the second.
                    ["const", "fn", name, ..] => names.push(name.to_owned()),
                    [kind, name, ..] if ITEMS.contains(&kind) => names.push(name.to_owned()),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

struct Functions(Vec<Function>);

impl Functions {
    fn add(&mut self, name: &syn::Ident, body: &syn::Block) {
        let (open, close) = (body.brace_token.span.open().span(), body.brace_token.span.close().span());
        let (first, last) = (open.start().line, close.start().line);
        self.0.push(Function { name: name.to_string(), line: first, lines: (last - first).saturating_sub(1) });
    }
}

impl<'a> Visit<'a> for Functions {
    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.add(&function.sig.ident, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'a syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig.ident, body);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn the_reader_reads_right() {
    let source = Source::of(
        "src/mail/http.rs",
        r##"
        use crate::{a::B, c::{D, e as k}, f};
        // crate::comment
        /// crate::documentation
        fn x<'a>() { let q = '"'; let s = "crate::string"; crate::g::h(); k::store::y(); r#"raw "crate::raw"#; z.field(); }
        fn v() { let _ = vec![super::l::m, f::<n::O>()]; }
        #[cfg(test)]
        fn help() { crate::testing(); }
        #[cfg(test)]
        mod tests { use crate::testing; }
        "##,
    );
    let paths: Vec<String> = source.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["a::B", "c::D", "c::e", "c::e::store::y", "f", "g::h", "mail::l::m"]);
    assert_eq!(source.uses().into_iter().collect::<Vec<_>>(), ["a", "c", "f", "g", "mail"]);
    assert!(source.is_room("http") && source.domain() == "mail");
    assert!(source.names("field") && !source.names("help") && !source.names("documentation"));
    let lengths: Vec<_> = source.functions.iter().map(|function| (function.name.clone(), function.lines)).collect();
    assert_eq!(lengths, [("x".to_owned(), 0), ("v".to_owned(), 0)]);
    let long = Source::of("src/a.rs", "fn long() {\n    a();\n\n    b();\n}\n");
    assert_eq!(long.functions[0].lines, 3);
}
