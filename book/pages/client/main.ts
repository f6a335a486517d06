// The script of every page.
import { startContents } from './contents.ts';
import { startSearch } from './search.ts';
import { startTheme } from './theme.ts';

startContents();
startSearch();
startTheme();
