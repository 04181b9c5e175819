import ts from 'typescript';

const TAGS = new Set(['gql', 'graphql']);
const COMMENT = /\/\*\s*GraphQL\s*\*\/\s*$/;

/**
 * The texts of the templates in a JavaScript or TypeScript file that hold GraphQL documents: behind `gql`, `graphql` or the comment
 * GraphQL, or handed to a function of such a name. Undefined stands for one that something is put into. The file is read as the
 * language it is: an address that ends with `/graphql` in a template is no tag.
 */
export function documentTemplates(content, file) {
  const found = [];
  const look = node => {
    const template = templateAt(node, content);
    if (template) found.push(ts.isNoSubstitutionTemplateLiteral(template) ? template.text : undefined);
    ts.forEachChild(node, look);
  };
  look(ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true));
  return found;
}

function templateAt(node, content) {
  if (ts.isTaggedTemplateExpression(node)) return isTag(node.tag) ? node.template : undefined;
  if (ts.isTemplateLiteral(node)) return COMMENT.test(content.slice(node.pos, node.getStart())) ? node : undefined;
  if (!ts.isCallExpression(node) || !isNamed(node.expression)) return undefined;
  const [first] = node.arguments;
  return first && ts.isTemplateLiteral(first) ? first : undefined;
}

function isTag(node) {
  return isNamed(node) || (ts.isPropertyAccessExpression(node) && isNamed(node.name));
}

function isNamed(node) {
  return ts.isIdentifier(node) && TAGS.has(node.text);
}
