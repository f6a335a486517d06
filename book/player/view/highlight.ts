// Colours for C. Comments and strings first: what looks like code in them is none.
import { h } from './dom.ts';

const TOKENS =
  /(?<comment>\/\*[\s\S]*?\*\/|\/\/.*)|(?<string>L?"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?<macro>^[ \t]*#.*)|(?<number>\b\d\w*\b)|(?<keyword>\b(?:break|case|char|const|continue|default|do|else|enum|for|if|int|long|return|sizeof|static|struct|switch|typedef|unsigned|void|volatile|while|bool|true|false)\b)|(?<constant>\b[A-Z][A-Z\d_]+\b)|(?<function>\b[A-Za-z_]\w*(?=\())/gm;

/** The lines of a source, each as nodes. */
export function linesOf(source: string): Node[][] {
  const lines: Node[][] = [[]];
  const add = (text: string, look?: string): void => {
    text.split('\n').forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part)
        lines
          .at(-1)!
          .push(
            look ? h('span', { class: `t-${look}` }, part) : new Text(part),
          );
    });
  };
  let end = 0;
  for (const match of source.matchAll(TOKENS)) {
    add(source.slice(end, match.index));
    const [look] = Object.entries(match.groups!).find(([, text]) => text)!;
    add(match[0], look);
    end = match.index + match[0].length;
  }
  add(source.slice(end));
  if (source.endsWith('\n')) lines.pop();
  return lines;
}
