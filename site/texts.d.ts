// Files that the build puts into a script as text.
declare module '*.yaml' {
  const text: string;
  export default text;
}
declare module '*.sh' {
  const text: string;
  export default text;
}
declare module '*.py' {
  const text: string;
  export default text;
}
declare module '*.toml' {
  const text: string;
  export default text;
}
