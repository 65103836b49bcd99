// What follows the compiler: the schema of props, the entry point, and the command in one file.
require('./prop-schema');
require('./lazy-index');
require('./bundle-command');
