// Highlights code when the pages are made, with the player's highlighter.
import Prism from 'prismjs';
import 'prismjs/components/prism-c.js';
import 'prismjs/components/prism-csharp.js';
import 'prismjs/components/prism-diff.js';
import { escapeHtml } from './text.ts';

/** Words that begin a command. An indented block with one is for a shell. */
const COMMAND = /^\s*(?:make|git|cp|cd|head|npm|node|python3|brew|export)\b/;

export function highlight(text: string, language: string): string {
  const grammar = Prism.languages[language];
  if (grammar) return Prism.highlight(text, grammar, language);
  if (language === '' && COMMAND.test(text)) return withComments(text);
  return escapeHtml(text);
}

function withComments(text: string): string {
  return escapeHtml(text).replace(
    /(^|\s)(#.*)$/gm,
    '$1<span class="token comment">$2</span>',
  );
}
