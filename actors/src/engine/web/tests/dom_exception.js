test('name, message and code', () => {
  const error = new DOMException('m', 'AbortError');
  equal([error.name, error.message, error.code, String(error)], ['AbortError', 'm', 20, 'AbortError: m']);
  const plain = new DOMException();
  equal([plain.name, plain.message, plain.code], ['Error', '', 0]);
  equal([new DOMException(undefined, undefined).name, new DOMException(null).message], ['Error', 'null']);
  equal([new DOMException('m', 'Own').name, new DOMException('m', 'Own').code], ['Own', 0]);
});
test('codes of the old names', () => {
  const codes = { IndexSizeError: 1, HierarchyRequestError: 3, InvalidCharacterError: 5, NotFoundError: 8, NotSupportedError: 9, InvalidStateError: 11,
    SyntaxError: 12, TypeMismatchError: 17, NetworkError: 19, AbortError: 20, QuotaExceededError: 22, TimeoutError: 23, DataCloneError: 25, OperationError: 0, EncodingError: 0 };
  for (const [name, code] of Object.entries(codes)) same(new DOMException('', name).code, code, name);
  same(DOMException.ABORT_ERR, 20);
  same(DOMException.DATA_CLONE_ERR, 25);
  same(DOMException.prototype.INDEX_SIZE_ERR, 1);
  same(new DOMException().DOMSTRING_SIZE_ERR, 2);
});
test('it is an Error with a stack', () => {
  const error = new DOMException('m', 'AbortError');
  ok(error instanceof DOMException && error instanceof Error);
  ok(typeof error.stack === 'string' && error.stack.includes('test.js'), error.stack);
  same(Object.getPrototypeOf(DOMException.prototype), Error.prototype);
  same(Object.prototype.toString.call(error), '[object DOMException]');
});
test('it can be extended', () => {
  class Own extends DOMException { constructor() { super('m', 'DataError'); } }
  ok(new Own() instanceof DOMException && new Own() instanceof Own);
});
test('members can not be written', () => {
  const error = new DOMException('m', 'AbortError');
  throws(() => { error.name = 'x'; }, 'TypeError');
  throws(() => { error.code = 1; }, 'TypeError');
  throws(() => { DOMException.ABORT_ERR = 1; }, 'TypeError');
});
test('it is a class', () => throws(() => DOMException('m'), 'TypeError'));
