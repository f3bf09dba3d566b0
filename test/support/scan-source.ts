/** One import of a TypeScript source, or one `export … from`. */
export interface SourceImport {
  readonly specifier: string;
  /** `static` is loaded with the file, `type` is erased by the compiler, `lazy` is an `import()`. */
  readonly kind: 'static' | 'type' | 'lazy';
  readonly isReExport: boolean;
  readonly line: number;
}

export interface ScannedSource {
  readonly imports: readonly SourceImport[];
  /** The source with every comment, and the inside of every string and regular expression, made blank; same length. */
  readonly code: string;
}

/**
 * Reads imports without a compiler: TypeScript 7 has no stable JavaScript interface. `import { type X }` counts as static,
 * because under verbatimModuleSyntax the module is loaded all the same.
 */
export function scanSource(text: string): ScannedSource {
  const code = blankOut(text);
  const imports: SourceImport[] = [];
  const add = (at: number, quote: number, kind: SourceImport['kind'], isReExport: boolean): void => {
    const end = code.indexOf(code.charAt(quote), quote + 1);
    const line = code.slice(0, at).split('\n').length;
    imports.push({ specifier: text.slice(quote + 1, end), kind, isReExport, line });
  };
  const froms = /(?<![.\w$])(import|export)\b(\s+type\b(?!\s+from\b|\s*,))?[^'"`;()=]*?\bfrom\s*(?=['"])/g;
  for (const match of code.matchAll(froms)) {
    add(match.index, match.index + match[0].length, match[2] === undefined ? 'static' : 'type', match[1] === 'export');
  }
  for (const match of code.matchAll(/(?<![.\w$])import\s*(?=['"])/g)) {
    add(match.index, match.index + match[0].length, 'static', false);
  }
  for (const match of code.matchAll(/(?<![.\w$])import\s*\(\s*(?=(['"`])?)/g)) {
    const quote = match.index + match[0].length;
    if (match[1] === undefined) {
      const line = code.slice(0, match.index).split('\n').length;
      imports.push({ specifier: '(computed)', kind: 'lazy', isReExport: false, line });
    } else add(match.index, quote, 'lazy', false);
  }
  return { imports, code };
}

/** After one of these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[([{,;:=!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|await|yield))\s*$/;

function blankOut(text: string): string {
  let out = '';
  // For each `${` that is open: how many braces stand open inside it.
  const substitutions: number[] = [];
  const blank = (from: number, to: number): void => {
    out += text.slice(from, to).replaceAll(/[^\n]/g, ' ');
  };
  const keepEnds = (from: number, to: number): void => {
    out += text.charAt(from);
    blank(from + 1, to - 1);
    out += text.charAt(to - 1);
  };
  // From a backtick or a closing brace to the next `${` or the closing backtick.
  const template = (from: number): number => {
    let at = from + 1;
    while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) at += text[at] === '\\' ? 2 : 1;
    const isOpen = text.startsWith('${', at);
    if (isOpen) substitutions.push(0);
    const end = at + (isOpen ? 2 : 1);
    keepEnds(from, end);
    return end;
  };

  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    const open = substitutions.length - 1;
    let end = at + 1;
    if (text.startsWith('//', at)) {
      end = indexOrEnd(text, '\n', at);
      blank(at, end);
    } else if (text.startsWith('/*', at)) {
      end = indexOrEnd(text, '*/', at + 2) + 2;
      blank(at, end);
    } else if (char === "'" || char === '"') {
      end = endOfQuoted(text, at, char);
      keepEnds(at, end);
    } else if (char === '/' && BEFORE_REGEX.test(out.slice(-30))) {
      end = endOfRegex(text, at);
      keepEnds(at, end);
    } else if (char === '`') {
      end = template(at);
    } else if (char === '}' && substitutions[open] === 0) {
      substitutions.pop();
      end = template(at);
    } else {
      if (open >= 0 && char === '{') substitutions[open] = (substitutions[open] ?? 0) + 1;
      if (open >= 0 && char === '}') substitutions[open] = (substitutions[open] ?? 0) - 1;
      out += char;
    }
    at = end;
  }
  return out;
}

function indexOrEnd(text: string, what: string, from: number): number {
  const index = text.indexOf(what, from);
  return index === -1 ? text.length : index;
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let at = start + 1;
  while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfRegex(text: string, start: number): number {
  let isClass = false;
  let at = start + 1;
  while (at < text.length && (isClass || text[at] !== '/')) {
    if (text[at] === '[') isClass = true;
    if (text[at] === ']') isClass = false;
    at += text[at] === '\\' ? 2 : 1;
  }
  return at + 1;
}
