// Runs files of js/ in Node.js: node node.cjs HARNESS FILE... Prints what failed, by file, as JSON.
const fs = require('fs');
const vm = require('vm');
const [harness, ...files] = process.argv.slice(2);

(async () => {
    const failures = {};
    for (const file of files) {
        // A context of its own, since files change builtins; what is not JavaScript's own comes from outside.
        const context = vm.createContext({ TextEncoder, TextDecoder, queueMicrotask });
        vm.runInContext(fs.readFileSync(harness, 'utf8'), context);
        vm.runInContext(fs.readFileSync(file, 'utf8'), context, { filename: file });
        failures[file] = await context.runRows(() => true, false);
    }
    console.log(JSON.stringify(failures));
})();
