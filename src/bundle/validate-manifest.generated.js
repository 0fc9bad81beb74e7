// Made by `npm run generate` from manifest-schema.ts; do not edit.
"use strict";
export const validate = validate52;
export default validate52;
const schema19 = {"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Slipway bundle manifest","$defs":{"tensorName":{"type":"string","minLength":1,"maxLength":256},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"plainPath":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"tensorSpecs":{"type":"array","items":{"type":"object","properties":{"name":{"$ref":"#/$defs/tensorName"},"datatype":{"$ref":"#/$defs/datatype"},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"$ref":"#/$defs/tensorName"},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"outputNames":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096},"jsonTensors":{"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"type":"object","properties":{"datatype":{"$ref":"#/$defs/datatype"},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"renamed":{"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"$ref":"#/$defs/tensorName"},"maxProperties":4096},"onnxStep":{"type":"object","properties":{"kind":{"const":"onnx"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false},"kernelStep":{"type":"object","properties":{"kind":{"const":"kernel"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"kernel":{"type":"string","pattern":"^[a-z][a-z0-9-]{0,63}$"}},"required":["kind","file","inputs","outputs","kernel"],"additionalProperties":false},"pythonStep":{"type":"object","properties":{"kind":{"const":"python"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"}},"required":["kind","file","inputs","outputs"],"additionalProperties":false},"typescriptStep":{"type":"object","properties":{"kind":{"const":"typescript"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"datatypes":{"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"$ref":"#/$defs/datatype"},"maxProperties":4096},"model":{"type":"object","properties":{"inputs":{"$ref":"#/$defs/tensorSpecs"},"outputs":{"$ref":"#/$defs/outputNames"},"defaultOutputs":{"$ref":"#/$defs/outputNames"},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"$ref":"#/$defs/onnxStep"},{"$ref":"#/$defs/kernelStep"}]}}},"required":["steps"],"additionalProperties":false}},"required":["inputs","outputs","program"],"additionalProperties":false}},"required":["kind","file","inputs","outputs","datatypes"],"additionalProperties":false}},"type":"object","properties":{"manifestVersion":{"const":1},"name":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},"signature":{"type":"object","properties":{"inputs":{"$ref":"#/$defs/tensorSpecs"},"outputs":{"$ref":"#/$defs/tensorSpecs"},"defaultOutputs":{"$ref":"#/$defs/outputNames"},"isRaw":{"const":true}},"required":["inputs","outputs"],"additionalProperties":false},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"$ref":"#/$defs/onnxStep"},{"$ref":"#/$defs/kernelStep"},{"$ref":"#/$defs/pythonStep"},{"$ref":"#/$defs/typescriptStep"}]}}},"required":["steps"],"additionalProperties":false},"batching":{"type":"object","properties":{"rowsAreIndependent":{"type":"boolean"},"reason":{"type":"string","maxLength":1000}},"required":["rowsAreIndependent","reason"],"additionalProperties":false},"example":{"$ref":"#/$defs/jsonTensors"},"golden":{"type":"object","properties":{"inputs":{"$ref":"#/$defs/jsonTensors"},"outputs":{"$ref":"#/$defs/jsonTensors"},"tolerance":{"type":"object","properties":{"relative":{"type":"number","minimum":0},"absolute":{"type":"number","minimum":0}},"required":["relative","absolute"],"additionalProperties":false},"recordedBy":{"type":"string","maxLength":100}},"required":["inputs","outputs","tolerance","recordedBy"],"additionalProperties":false},"files":{"type":"object","propertyNames":{"$ref":"#/$defs/plainPath"},"additionalProperties":{"type":"object","properties":{"sha256":{"$ref":"#/$defs/sha256"},"sizeBytes":{"type":"integer","minimum":0}},"required":["sha256","sizeBytes"],"additionalProperties":false},"maxProperties":4096},"provenance":{"type":"object","properties":{"format":{"enum":["onnx","pipeline","pickle","xgboost","lightgbm","pt2","torchscript","python","typescript"]},"source":{"type":"object","properties":{"fileName":{"type":"string","maxLength":256},"sha256":{"$ref":"#/$defs/sha256"},"sizeBytes":{"type":"integer","minimum":0}},"required":["fileName","sha256","sizeBytes"],"additionalProperties":false},"producer":{"type":"string","maxLength":1000},"compilerRevision":{"type":"integer","minimum":1}},"required":["format","source","producer","compilerRevision"],"additionalProperties":false}},"required":["manifestVersion","name","signature","program","batching","example","golden","files","provenance"],"additionalProperties":false};
const func1 = Object.prototype.hasOwnProperty;
const pattern3 = new RegExp("^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", "u");
const schema20 = {"type":"array","items":{"type":"object","properties":{"name":{"$ref":"#/$defs/tensorName"},"datatype":{"$ref":"#/$defs/datatype"},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"$ref":"#/$defs/tensorName"},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096};
const schema21 = {"type":"string","minLength":1,"maxLength":256};

function validate54(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate54.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(typeof data === "string"){
if(data.length > 256){
validate54.errors = [{instancePath,schemaPath:"#/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data.length < 1){
validate54.errors = [{instancePath,schemaPath:"#/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate54.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
validate54.errors = vErrors;
return errors === 0;
}
validate54.evaluated = {"dynamicProps":false,"dynamicItems":false};

const schema22 = {"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]};

function validate56(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate56.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(!((((((((((((((data === "BOOL") || (data === "UINT8")) || (data === "UINT16")) || (data === "UINT32")) || (data === "UINT64")) || (data === "INT8")) || (data === "INT16")) || (data === "INT32")) || (data === "INT64")) || (data === "FP16")) || (data === "BF16")) || (data === "FP32")) || (data === "FP64")) || (data === "BYTES"))){
validate56.errors = [{instancePath,schemaPath:"#/enum",keyword:"enum",params:{allowedValues: schema22.enum},message:"must be equal to one of the allowed values"}];
return false;
}
validate56.errors = vErrors;
return errors === 0;
}
validate56.evaluated = {"dynamicProps":false,"dynamicItems":false};


function validate53(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate53.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(Array.isArray(data)){
if(data.length > 4096){
validate53.errors = [{instancePath,schemaPath:"#/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data.length < 1){
validate53.errors = [{instancePath,schemaPath:"#/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid0 = true;
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
const _errs1 = errors;
if(errors === _errs1){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if((((data0.name === undefined) && (missing0 = "name")) || ((data0.datatype === undefined) && (missing0 = "datatype"))) || ((data0.shape === undefined) && (missing0 = "shape"))){
validate53.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs3 = errors;
for(const key0 in data0){
if(!((((((((key0 === "name") || (key0 === "datatype")) || (key0 === "shape")) || (key0 === "columns")) || (key0 === "isUnused")) || (key0 === "isOptional")) || (key0 === "isJson")) || (key0 === "isNeverMissing"))){
validate53.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs3 === errors){
if(data0.name !== undefined){
const _errs4 = errors;
if(!(validate54(data0.name, {instancePath:instancePath+"/" + i0+"/name",parentData:data0,parentDataProperty:"name",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid1 = _errs4 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.datatype !== undefined){
const _errs5 = errors;
if(!(validate56(data0.datatype, {instancePath:instancePath+"/" + i0+"/datatype",parentData:data0,parentDataProperty:"datatype",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors);
errors = vErrors.length;
}
var valid1 = _errs5 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.shape !== undefined){
let data3 = data0.shape;
const _errs6 = errors;
if(errors === _errs6){
if(Array.isArray(data3)){
if(data3.length > 8){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/shape",schemaPath:"#/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid2 = true;
const len1 = data3.length;
for(let i1=0; i1<len1; i1++){
let data4 = data3[i1];
const _errs8 = errors;
if(!(((typeof data4 == "number") && (!(data4 % 1) && !isNaN(data4))) && (isFinite(data4)))){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/shape/" + i1,schemaPath:"#/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs8){
if((typeof data4 == "number") && (isFinite(data4))){
if(data4 < -1 || isNaN(data4)){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/shape/" + i1,schemaPath:"#/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid2 = _errs8 === errors;
if(!valid2){
break;
}
}
}
}
else {
validate53.errors = [{instancePath:instancePath+"/" + i0+"/shape",schemaPath:"#/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs6 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.columns !== undefined){
let data5 = data0.columns;
const _errs10 = errors;
if(errors === _errs10){
if(Array.isArray(data5)){
if(data5.length > 1000000){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/columns",schemaPath:"#/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid3 = true;
const len2 = data5.length;
for(let i2=0; i2<len2; i2++){
const _errs12 = errors;
if(!(validate54(data5[i2], {instancePath:instancePath+"/" + i0+"/columns/" + i2,parentData:data5,parentDataProperty:i2,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid3 = _errs12 === errors;
if(!valid3){
break;
}
}
}
}
else {
validate53.errors = [{instancePath:instancePath+"/" + i0+"/columns",schemaPath:"#/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs10 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.isUnused !== undefined){
const _errs13 = errors;
if(true !== data0.isUnused){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/isUnused",schemaPath:"#/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs13 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.isOptional !== undefined){
const _errs14 = errors;
if(true !== data0.isOptional){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/isOptional",schemaPath:"#/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs14 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.isJson !== undefined){
const _errs15 = errors;
if(true !== data0.isJson){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/isJson",schemaPath:"#/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs15 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data0.isNeverMissing !== undefined){
const _errs16 = errors;
if(true !== data0.isNeverMissing){
validate53.errors = [{instancePath:instancePath+"/" + i0+"/isNeverMissing",schemaPath:"#/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs16 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
}
}
}
}
}
else {
validate53.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs1 === errors;
if(!valid0){
break;
}
}
}
}
}
else {
validate53.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
validate53.errors = vErrors;
return errors === 0;
}
validate53.evaluated = {"items":true,"dynamicProps":false,"dynamicItems":false};

const schema23 = {"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096};

function validate61(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate61.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(Array.isArray(data)){
if(data.length > 4096){
validate61.errors = [{instancePath,schemaPath:"#/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data.length < 1){
validate61.errors = [{instancePath,schemaPath:"#/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid0 = true;
const len0 = data.length;
for(let i0=0; i0<len0; i0++){
let data0 = data[i0];
const _errs1 = errors;
if(errors === _errs1){
if(typeof data0 === "string"){
if(data0.length > 256){
validate61.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data0.length < 1){
validate61.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate61.errors = [{instancePath:instancePath+"/" + i0,schemaPath:"#/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs1 === errors;
if(!valid0){
break;
}
}
if(valid0){
let i1 = data.length;
let j0;
if(i1 > 1){
const indices0 = {};
for(;i1--;){
let item0 = data[i1];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
validate61.errors = [{instancePath,schemaPath:"#/uniqueItems",keyword:"uniqueItems",params:{i: i1, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i1+" are identical)"}];
return false;
break;
}
indices0[item0] = i1;
}
}
}
}
}
}
else {
validate61.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
validate61.errors = vErrors;
return errors === 0;
}
validate61.evaluated = {"items":true,"dynamicProps":false,"dynamicItems":false};

const schema24 = {"type":"object","properties":{"kind":{"const":"onnx"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false};
const schema25 = {"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"};
const pattern4 = new RegExp("^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", "u");

function validate64(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate64.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(typeof data === "string"){
if(data.length > 256){
validate64.errors = [{instancePath,schemaPath:"#/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(!pattern4.test(data)){
validate64.errors = [{instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""}];
return false;
}
}
}
else {
validate64.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
validate64.errors = vErrors;
return errors === 0;
}
validate64.evaluated = {"dynamicProps":false,"dynamicItems":false};

const schema26 = {"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"$ref":"#/$defs/tensorName"},"maxProperties":4096};

function validate66(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate66.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
if(Object.keys(data).length > 4096){
validate66.errors = [{instancePath,schemaPath:"#/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key0 in data){
const _errs1 = errors;
if(!(validate54(key0, {instancePath,parentData:data,parentDataProperty,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid0 = _errs1 === errors;
if(!valid0){
const err0 = {instancePath,schemaPath:"#/propertyNames",keyword:"propertyNames",params:{propertyName: key0},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
validate66.errors = vErrors;
return false;
break;
}
}
if(valid0){
for(const key1 in data){
const _errs3 = errors;
if(!(validate54(data[key1], {instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),parentData:data,parentDataProperty:key1,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid1 = _errs3 === errors;
if(!valid1){
break;
}
}
}
}
}
else {
validate66.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate66.errors = vErrors;
return errors === 0;
}
validate66.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};


function validate63(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate63.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((data.kind === undefined) && (missing0 = "kind")) || ((data.file === undefined) && (missing0 = "file"))) || ((data.inputs === undefined) && (missing0 = "inputs"))) || ((data.outputs === undefined) && (missing0 = "outputs"))) || ((data.optimization === undefined) && (missing0 = "optimization"))){
validate63.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(((((key0 === "kind") || (key0 === "file")) || (key0 === "inputs")) || (key0 === "outputs")) || (key0 === "optimization"))){
validate63.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.kind !== undefined){
const _errs2 = errors;
if("onnx" !== data.kind){
validate63.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "onnx"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.file !== undefined){
const _errs3 = errors;
if(!(validate64(data.file, {instancePath:instancePath+"/file",parentData:data,parentDataProperty:"file",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.inputs !== undefined){
const _errs4 = errors;
if(!(validate66(data.inputs, {instancePath:instancePath+"/inputs",parentData:data,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.outputs !== undefined){
const _errs5 = errors;
if(!(validate66(data.outputs, {instancePath:instancePath+"/outputs",parentData:data,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.optimization !== undefined){
let data4 = data.optimization;
const _errs6 = errors;
if(!(((data4 === "off") || (data4 === "basic")) || (data4 === "all"))){
validate63.errors = [{instancePath:instancePath+"/optimization",schemaPath:"#/properties/optimization/enum",keyword:"enum",params:{allowedValues: schema24.properties.optimization.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid0 = _errs6 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
else {
validate63.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate63.errors = vErrors;
return errors === 0;
}
validate63.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema27 = {"type":"object","properties":{"kind":{"const":"kernel"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"kernel":{"type":"string","pattern":"^[a-z][a-z0-9-]{0,63}$"}},"required":["kind","file","inputs","outputs","kernel"],"additionalProperties":false};
const pattern5 = new RegExp("^[a-z][a-z0-9-]{0,63}$", "u");

function validate72(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate72.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((data.kind === undefined) && (missing0 = "kind")) || ((data.file === undefined) && (missing0 = "file"))) || ((data.inputs === undefined) && (missing0 = "inputs"))) || ((data.outputs === undefined) && (missing0 = "outputs"))) || ((data.kernel === undefined) && (missing0 = "kernel"))){
validate72.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(((((key0 === "kind") || (key0 === "file")) || (key0 === "inputs")) || (key0 === "outputs")) || (key0 === "kernel"))){
validate72.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.kind !== undefined){
const _errs2 = errors;
if("kernel" !== data.kind){
validate72.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "kernel"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.file !== undefined){
const _errs3 = errors;
if(!(validate64(data.file, {instancePath:instancePath+"/file",parentData:data,parentDataProperty:"file",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.inputs !== undefined){
const _errs4 = errors;
if(!(validate66(data.inputs, {instancePath:instancePath+"/inputs",parentData:data,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.outputs !== undefined){
const _errs5 = errors;
if(!(validate66(data.outputs, {instancePath:instancePath+"/outputs",parentData:data,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.kernel !== undefined){
let data4 = data.kernel;
const _errs6 = errors;
if(errors === _errs6){
if(typeof data4 === "string"){
if(!pattern5.test(data4)){
validate72.errors = [{instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9-]{0,63}$"},message:"must match pattern \""+"^[a-z][a-z0-9-]{0,63}$"+"\""}];
return false;
}
}
else {
validate72.errors = [{instancePath:instancePath+"/kernel",schemaPath:"#/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs6 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
else {
validate72.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate72.errors = vErrors;
return errors === 0;
}
validate72.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema28 = {"type":"object","properties":{"kind":{"const":"python"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"}},"required":["kind","file","inputs","outputs"],"additionalProperties":false};

function validate77(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate77.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if(((((data.kind === undefined) && (missing0 = "kind")) || ((data.file === undefined) && (missing0 = "file"))) || ((data.inputs === undefined) && (missing0 = "inputs"))) || ((data.outputs === undefined) && (missing0 = "outputs"))){
validate77.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((((key0 === "kind") || (key0 === "file")) || (key0 === "inputs")) || (key0 === "outputs"))){
validate77.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.kind !== undefined){
const _errs2 = errors;
if("python" !== data.kind){
validate77.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "python"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.file !== undefined){
const _errs3 = errors;
if(!(validate64(data.file, {instancePath:instancePath+"/file",parentData:data,parentDataProperty:"file",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.inputs !== undefined){
const _errs4 = errors;
if(!(validate66(data.inputs, {instancePath:instancePath+"/inputs",parentData:data,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.outputs !== undefined){
const _errs5 = errors;
if(!(validate66(data.outputs, {instancePath:instancePath+"/outputs",parentData:data,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
else {
validate77.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate77.errors = vErrors;
return errors === 0;
}
validate77.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema29 = {"type":"object","properties":{"kind":{"const":"typescript"},"file":{"$ref":"#/$defs/plainPath"},"inputs":{"$ref":"#/$defs/renamed"},"outputs":{"$ref":"#/$defs/renamed"},"datatypes":{"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"$ref":"#/$defs/datatype"},"maxProperties":4096},"model":{"type":"object","properties":{"inputs":{"$ref":"#/$defs/tensorSpecs"},"outputs":{"$ref":"#/$defs/outputNames"},"defaultOutputs":{"$ref":"#/$defs/outputNames"},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"$ref":"#/$defs/onnxStep"},{"$ref":"#/$defs/kernelStep"}]}}},"required":["steps"],"additionalProperties":false}},"required":["inputs","outputs","program"],"additionalProperties":false}},"required":["kind","file","inputs","outputs","datatypes"],"additionalProperties":false};

function validate82(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate82.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((data.kind === undefined) && (missing0 = "kind")) || ((data.file === undefined) && (missing0 = "file"))) || ((data.inputs === undefined) && (missing0 = "inputs"))) || ((data.outputs === undefined) && (missing0 = "outputs"))) || ((data.datatypes === undefined) && (missing0 = "datatypes"))){
validate82.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!((((((key0 === "kind") || (key0 === "file")) || (key0 === "inputs")) || (key0 === "outputs")) || (key0 === "datatypes")) || (key0 === "model"))){
validate82.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.kind !== undefined){
const _errs2 = errors;
if("typescript" !== data.kind){
validate82.errors = [{instancePath:instancePath+"/kind",schemaPath:"#/properties/kind/const",keyword:"const",params:{allowedValue: "typescript"},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.file !== undefined){
const _errs3 = errors;
if(!(validate64(data.file, {instancePath:instancePath+"/file",parentData:data,parentDataProperty:"file",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.inputs !== undefined){
const _errs4 = errors;
if(!(validate66(data.inputs, {instancePath:instancePath+"/inputs",parentData:data,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs4 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.outputs !== undefined){
const _errs5 = errors;
if(!(validate66(data.outputs, {instancePath:instancePath+"/outputs",parentData:data,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate66.errors : vErrors.concat(validate66.errors);
errors = vErrors.length;
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.datatypes !== undefined){
let data4 = data.datatypes;
const _errs6 = errors;
if(errors === _errs6){
if(data4 && typeof data4 == "object" && !Array.isArray(data4)){
if(Object.keys(data4).length > 4096){
validate82.errors = [{instancePath:instancePath+"/datatypes",schemaPath:"#/properties/datatypes/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key1 in data4){
const _errs8 = errors;
if(!(validate54(key1, {instancePath:instancePath+"/datatypes",parentData:data4,parentDataProperty:"datatypes",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid1 = _errs8 === errors;
if(!valid1){
const err0 = {instancePath:instancePath+"/datatypes",schemaPath:"#/properties/datatypes/propertyNames",keyword:"propertyNames",params:{propertyName: key1},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
validate82.errors = vErrors;
return false;
break;
}
}
if(valid1){
for(const key2 in data4){
const _errs10 = errors;
if(!(validate56(data4[key2], {instancePath:instancePath+"/datatypes/" + key2.replace(/~/g, "~0").replace(/\//g, "~1"),parentData:data4,parentDataProperty:key2,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors);
errors = vErrors.length;
}
var valid2 = _errs10 === errors;
if(!valid2){
break;
}
}
}
}
}
else {
validate82.errors = [{instancePath:instancePath+"/datatypes",schemaPath:"#/properties/datatypes/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs6 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.model !== undefined){
let data6 = data.model;
const _errs11 = errors;
if(errors === _errs11){
if(data6 && typeof data6 == "object" && !Array.isArray(data6)){
let missing1;
if((((data6.inputs === undefined) && (missing1 = "inputs")) || ((data6.outputs === undefined) && (missing1 = "outputs"))) || ((data6.program === undefined) && (missing1 = "program"))){
validate82.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs13 = errors;
for(const key3 in data6){
if(!((((key3 === "inputs") || (key3 === "outputs")) || (key3 === "defaultOutputs")) || (key3 === "program"))){
validate82.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs13 === errors){
if(data6.inputs !== undefined){
const _errs14 = errors;
if(!(validate53(data6.inputs, {instancePath:instancePath+"/model/inputs",parentData:data6,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate53.errors : vErrors.concat(validate53.errors);
errors = vErrors.length;
}
var valid3 = _errs14 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data6.outputs !== undefined){
const _errs15 = errors;
if(!(validate61(data6.outputs, {instancePath:instancePath+"/model/outputs",parentData:data6,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate61.errors : vErrors.concat(validate61.errors);
errors = vErrors.length;
}
var valid3 = _errs15 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data6.defaultOutputs !== undefined){
const _errs16 = errors;
if(!(validate61(data6.defaultOutputs, {instancePath:instancePath+"/model/defaultOutputs",parentData:data6,parentDataProperty:"defaultOutputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate61.errors : vErrors.concat(validate61.errors);
errors = vErrors.length;
}
var valid3 = _errs16 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data6.program !== undefined){
let data10 = data6.program;
const _errs17 = errors;
if(errors === _errs17){
if(data10 && typeof data10 == "object" && !Array.isArray(data10)){
let missing2;
if((data10.steps === undefined) && (missing2 = "steps")){
validate82.errors = [{instancePath:instancePath+"/model/program",schemaPath:"#/properties/model/properties/program/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs19 = errors;
for(const key4 in data10){
if(!(key4 === "steps")){
validate82.errors = [{instancePath:instancePath+"/model/program",schemaPath:"#/properties/model/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs19 === errors){
if(data10.steps !== undefined){
let data11 = data10.steps;
const _errs20 = errors;
if(errors === _errs20){
if(Array.isArray(data11)){
if(data11.length > 1024){
validate82.errors = [{instancePath:instancePath+"/model/program/steps",schemaPath:"#/properties/model/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 1024},message:"must NOT have more than 1024 items"}];
return false;
}
else {
if(data11.length < 1){
validate82.errors = [{instancePath:instancePath+"/model/program/steps",schemaPath:"#/properties/model/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid5 = true;
const len0 = data11.length;
for(let i0=0; i0<len0; i0++){
let data12 = data11[i0];
const _errs22 = errors;
const _errs23 = errors;
let valid6 = false;
let passing0 = null;
const _errs24 = errors;
if(!(validate63(data12, {instancePath:instancePath+"/model/program/steps/" + i0,parentData:data11,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate63.errors : vErrors.concat(validate63.errors);
errors = vErrors.length;
}
var _valid0 = _errs24 === errors;
if(_valid0){
valid6 = true;
passing0 = 0;
var props0 = true;
}
const _errs25 = errors;
if(!(validate72(data12, {instancePath:instancePath+"/model/program/steps/" + i0,parentData:data11,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate72.errors : vErrors.concat(validate72.errors);
errors = vErrors.length;
}
var _valid0 = _errs25 === errors;
if(_valid0 && valid6){
valid6 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid6 = true;
passing0 = 1;
if(props0 !== true){
props0 = true;
}
}
}
if(!valid6){
const err1 = {instancePath:instancePath+"/model/program/steps/" + i0,schemaPath:"#/properties/model/properties/program/properties/steps/items/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
validate82.errors = vErrors;
return false;
}
else {
errors = _errs23;
if(vErrors !== null){
if(_errs23){
vErrors.length = _errs23;
}
else {
vErrors = null;
}
}
}
var valid5 = _errs22 === errors;
if(!valid5){
break;
}
}
}
}
}
else {
validate82.errors = [{instancePath:instancePath+"/model/program/steps",schemaPath:"#/properties/model/properties/program/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
}
}
}
}
else {
validate82.errors = [{instancePath:instancePath+"/model/program",schemaPath:"#/properties/model/properties/program/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid3 = _errs17 === errors;
}
else {
var valid3 = true;
}
}
}
}
}
}
}
else {
validate82.errors = [{instancePath:instancePath+"/model",schemaPath:"#/properties/model/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs11 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
else {
validate82.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate82.errors = vErrors;
return errors === 0;
}
validate82.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema30 = {"type":"object","propertyNames":{"$ref":"#/$defs/tensorName"},"additionalProperties":{"type":"object","properties":{"datatype":{"$ref":"#/$defs/datatype"},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096};

function validate94(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate94.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
if(Object.keys(data).length > 4096){
validate94.errors = [{instancePath,schemaPath:"#/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key0 in data){
const _errs1 = errors;
if(!(validate54(key0, {instancePath,parentData:data,parentDataProperty,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate54.errors : vErrors.concat(validate54.errors);
errors = vErrors.length;
}
var valid0 = _errs1 === errors;
if(!valid0){
const err0 = {instancePath,schemaPath:"#/propertyNames",keyword:"propertyNames",params:{propertyName: key0},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
validate94.errors = vErrors;
return false;
break;
}
}
if(valid0){
for(const key1 in data){
let data0 = data[key1];
const _errs3 = errors;
if(errors === _errs3){
if(data0 && typeof data0 == "object" && !Array.isArray(data0)){
let missing0;
if((((data0.datatype === undefined) && (missing0 = "datatype")) || ((data0.shape === undefined) && (missing0 = "shape"))) || ((data0.data === undefined) && (missing0 = "data"))){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/additionalProperties/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs5 = errors;
for(const key2 in data0){
if(!(((key2 === "datatype") || (key2 === "shape")) || (key2 === "data"))){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs5 === errors){
if(data0.datatype !== undefined){
const _errs6 = errors;
if(!(validate56(data0.datatype, {instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",parentData:data0,parentDataProperty:"datatype",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate56.errors : vErrors.concat(validate56.errors);
errors = vErrors.length;
}
var valid2 = _errs6 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.shape !== undefined){
let data2 = data0.shape;
const _errs7 = errors;
if(errors === _errs7){
if(Array.isArray(data2)){
if(data2.length > 8){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid3 = true;
const len0 = data2.length;
for(let i0=0; i0<len0; i0++){
let data3 = data2[i0];
const _errs9 = errors;
if(!(((typeof data3 == "number") && (!(data3 % 1) && !isNaN(data3))) && (isFinite(data3)))){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i0,schemaPath:"#/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs9){
if((typeof data3 == "number") && (isFinite(data3))){
if(data3 < 0 || isNaN(data3)){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i0,schemaPath:"#/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid3 = _errs9 === errors;
if(!valid3){
break;
}
}
}
}
else {
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid2 = _errs7 === errors;
}
else {
var valid2 = true;
}
if(valid2){
if(data0.data !== undefined){
let data4 = data0.data;
const _errs11 = errors;
if(errors === _errs11){
if(Array.isArray(data4)){
var valid4 = true;
const len1 = data4.length;
for(let i1=0; i1<len1; i1++){
let data5 = data4[i1];
const _errs13 = errors;
if((!((typeof data5 == "number") && (isFinite(data5)))) && (typeof data5 !== "string")){
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i1,schemaPath:"#/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema30.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid4 = _errs13 === errors;
if(!valid4){
break;
}
}
}
else {
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid2 = _errs11 === errors;
}
else {
var valid2 = true;
}
}
}
}
}
}
else {
validate94.errors = [{instancePath:instancePath+"/" + key1.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid1 = _errs3 === errors;
if(!valid1){
break;
}
}
}
}
}
else {
validate94.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate94.errors = vErrors;
return errors === 0;
}
validate94.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};

const schema31 = {"type":"string","pattern":"^[0-9a-f]{64}$"};
const pattern6 = new RegExp("^[0-9a-f]{64}$", "u");

function validate101(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate101.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(typeof data === "string"){
if(!pattern6.test(data)){
validate101.errors = [{instancePath,schemaPath:"#/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate101.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
validate101.errors = vErrors;
return errors === 0;
}
validate101.evaluated = {"dynamicProps":false,"dynamicItems":false};


function validate52(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate52.evaluated;
if(evaluated0.dynamicProps){
evaluated0.props = undefined;
}
if(evaluated0.dynamicItems){
evaluated0.items = undefined;
}
if(errors === 0){
if(data && typeof data == "object" && !Array.isArray(data)){
let missing0;
if((((((((((data.manifestVersion === undefined) && (missing0 = "manifestVersion")) || ((data.name === undefined) && (missing0 = "name"))) || ((data.signature === undefined) && (missing0 = "signature"))) || ((data.program === undefined) && (missing0 = "program"))) || ((data.batching === undefined) && (missing0 = "batching"))) || ((data.example === undefined) && (missing0 = "example"))) || ((data.golden === undefined) && (missing0 = "golden"))) || ((data.files === undefined) && (missing0 = "files"))) || ((data.provenance === undefined) && (missing0 = "provenance"))){
validate52.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema19.properties, key0))){
validate52.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.manifestVersion !== undefined){
const _errs2 = errors;
if(1 !== data.manifestVersion){
validate52.errors = [{instancePath:instancePath+"/manifestVersion",schemaPath:"#/properties/manifestVersion/const",keyword:"const",params:{allowedValue: 1},message:"must be equal to constant"}];
return false;
}
var valid0 = _errs2 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.name !== undefined){
let data1 = data.name;
const _errs3 = errors;
if(errors === _errs3){
if(typeof data1 === "string"){
if(!pattern3.test(data1)){
validate52.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"+"\""}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid0 = _errs3 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.signature !== undefined){
let data2 = data.signature;
const _errs5 = errors;
if(errors === _errs5){
if(data2 && typeof data2 == "object" && !Array.isArray(data2)){
let missing1;
if(((data2.inputs === undefined) && (missing1 = "inputs")) || ((data2.outputs === undefined) && (missing1 = "outputs"))){
validate52.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs7 = errors;
for(const key1 in data2){
if(!((((key1 === "inputs") || (key1 === "outputs")) || (key1 === "defaultOutputs")) || (key1 === "isRaw"))){
validate52.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs7 === errors){
if(data2.inputs !== undefined){
const _errs8 = errors;
if(!(validate53(data2.inputs, {instancePath:instancePath+"/signature/inputs",parentData:data2,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate53.errors : vErrors.concat(validate53.errors);
errors = vErrors.length;
}
var valid1 = _errs8 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.outputs !== undefined){
const _errs9 = errors;
if(!(validate53(data2.outputs, {instancePath:instancePath+"/signature/outputs",parentData:data2,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate53.errors : vErrors.concat(validate53.errors);
errors = vErrors.length;
}
var valid1 = _errs9 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.defaultOutputs !== undefined){
const _errs10 = errors;
if(!(validate61(data2.defaultOutputs, {instancePath:instancePath+"/signature/defaultOutputs",parentData:data2,parentDataProperty:"defaultOutputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate61.errors : vErrors.concat(validate61.errors);
errors = vErrors.length;
}
var valid1 = _errs10 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.isRaw !== undefined){
const _errs11 = errors;
if(true !== data2.isRaw){
validate52.errors = [{instancePath:instancePath+"/signature/isRaw",schemaPath:"#/properties/signature/properties/isRaw/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs11 === errors;
}
else {
var valid1 = true;
}
}
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs5 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.program !== undefined){
let data7 = data.program;
const _errs12 = errors;
if(errors === _errs12){
if(data7 && typeof data7 == "object" && !Array.isArray(data7)){
let missing2;
if((data7.steps === undefined) && (missing2 = "steps")){
validate52.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs14 = errors;
for(const key2 in data7){
if(!(key2 === "steps")){
validate52.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs14 === errors){
if(data7.steps !== undefined){
let data8 = data7.steps;
const _errs15 = errors;
if(errors === _errs15){
if(Array.isArray(data8)){
if(data8.length > 1024){
validate52.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 1024},message:"must NOT have more than 1024 items"}];
return false;
}
else {
if(data8.length < 1){
validate52.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid3 = true;
const len0 = data8.length;
for(let i0=0; i0<len0; i0++){
let data9 = data8[i0];
const _errs17 = errors;
const _errs18 = errors;
let valid4 = false;
let passing0 = null;
const _errs19 = errors;
if(!(validate63(data9, {instancePath:instancePath+"/program/steps/" + i0,parentData:data8,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate63.errors : vErrors.concat(validate63.errors);
errors = vErrors.length;
}
var _valid0 = _errs19 === errors;
if(_valid0){
valid4 = true;
passing0 = 0;
var props0 = true;
}
const _errs20 = errors;
if(!(validate72(data9, {instancePath:instancePath+"/program/steps/" + i0,parentData:data8,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate72.errors : vErrors.concat(validate72.errors);
errors = vErrors.length;
}
var _valid0 = _errs20 === errors;
if(_valid0 && valid4){
valid4 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid4 = true;
passing0 = 1;
if(props0 !== true){
props0 = true;
}
}
const _errs21 = errors;
if(!(validate77(data9, {instancePath:instancePath+"/program/steps/" + i0,parentData:data8,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate77.errors : vErrors.concat(validate77.errors);
errors = vErrors.length;
}
var _valid0 = _errs21 === errors;
if(_valid0 && valid4){
valid4 = false;
passing0 = [passing0, 2];
}
else {
if(_valid0){
valid4 = true;
passing0 = 2;
if(props0 !== true){
props0 = true;
}
}
const _errs22 = errors;
if(!(validate82(data9, {instancePath:instancePath+"/program/steps/" + i0,parentData:data8,parentDataProperty:i0,rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate82.errors : vErrors.concat(validate82.errors);
errors = vErrors.length;
}
var _valid0 = _errs22 === errors;
if(_valid0 && valid4){
valid4 = false;
passing0 = [passing0, 3];
}
else {
if(_valid0){
valid4 = true;
passing0 = 3;
if(props0 !== true){
props0 = true;
}
}
}
}
}
if(!valid4){
const err0 = {instancePath:instancePath+"/program/steps/" + i0,schemaPath:"#/properties/program/properties/steps/items/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
validate52.errors = vErrors;
return false;
}
else {
errors = _errs18;
if(vErrors !== null){
if(_errs18){
vErrors.length = _errs18;
}
else {
vErrors = null;
}
}
}
var valid3 = _errs17 === errors;
if(!valid3){
break;
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs12 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.batching !== undefined){
let data10 = data.batching;
const _errs23 = errors;
if(errors === _errs23){
if(data10 && typeof data10 == "object" && !Array.isArray(data10)){
let missing3;
if(((data10.rowsAreIndependent === undefined) && (missing3 = "rowsAreIndependent")) || ((data10.reason === undefined) && (missing3 = "reason"))){
validate52.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs25 = errors;
for(const key3 in data10){
if(!((key3 === "rowsAreIndependent") || (key3 === "reason"))){
validate52.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs25 === errors){
if(data10.rowsAreIndependent !== undefined){
const _errs26 = errors;
if(typeof data10.rowsAreIndependent !== "boolean"){
validate52.errors = [{instancePath:instancePath+"/batching/rowsAreIndependent",schemaPath:"#/properties/batching/properties/rowsAreIndependent/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid5 = _errs26 === errors;
}
else {
var valid5 = true;
}
if(valid5){
if(data10.reason !== undefined){
let data12 = data10.reason;
const _errs28 = errors;
if(errors === _errs28){
if(typeof data12 === "string"){
if(data12.length > 1000){
validate52.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid5 = _errs28 === errors;
}
else {
var valid5 = true;
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs23 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.example !== undefined){
const _errs30 = errors;
if(!(validate94(data.example, {instancePath:instancePath+"/example",parentData:data,parentDataProperty:"example",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate94.errors : vErrors.concat(validate94.errors);
errors = vErrors.length;
}
var valid0 = _errs30 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.golden !== undefined){
let data14 = data.golden;
const _errs31 = errors;
if(errors === _errs31){
if(data14 && typeof data14 == "object" && !Array.isArray(data14)){
let missing4;
if(((((data14.inputs === undefined) && (missing4 = "inputs")) || ((data14.outputs === undefined) && (missing4 = "outputs"))) || ((data14.tolerance === undefined) && (missing4 = "tolerance"))) || ((data14.recordedBy === undefined) && (missing4 = "recordedBy"))){
validate52.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs33 = errors;
for(const key4 in data14){
if(!((((key4 === "inputs") || (key4 === "outputs")) || (key4 === "tolerance")) || (key4 === "recordedBy"))){
validate52.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs33 === errors){
if(data14.inputs !== undefined){
const _errs34 = errors;
if(!(validate94(data14.inputs, {instancePath:instancePath+"/golden/inputs",parentData:data14,parentDataProperty:"inputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate94.errors : vErrors.concat(validate94.errors);
errors = vErrors.length;
}
var valid6 = _errs34 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data14.outputs !== undefined){
const _errs35 = errors;
if(!(validate94(data14.outputs, {instancePath:instancePath+"/golden/outputs",parentData:data14,parentDataProperty:"outputs",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate94.errors : vErrors.concat(validate94.errors);
errors = vErrors.length;
}
var valid6 = _errs35 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data14.tolerance !== undefined){
let data17 = data14.tolerance;
const _errs36 = errors;
if(errors === _errs36){
if(data17 && typeof data17 == "object" && !Array.isArray(data17)){
let missing5;
if(((data17.relative === undefined) && (missing5 = "relative")) || ((data17.absolute === undefined) && (missing5 = "absolute"))){
validate52.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"}];
return false;
}
else {
const _errs38 = errors;
for(const key5 in data17){
if(!((key5 === "relative") || (key5 === "absolute"))){
validate52.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs38 === errors){
if(data17.relative !== undefined){
let data18 = data17.relative;
const _errs39 = errors;
if(errors === _errs39){
if((typeof data18 == "number") && (isFinite(data18))){
if(data18 < 0 || isNaN(data18)){
validate52.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs39 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data17.absolute !== undefined){
let data19 = data17.absolute;
const _errs41 = errors;
if(errors === _errs41){
if((typeof data19 == "number") && (isFinite(data19))){
if(data19 < 0 || isNaN(data19)){
validate52.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid7 = _errs41 === errors;
}
else {
var valid7 = true;
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs36 === errors;
}
else {
var valid6 = true;
}
if(valid6){
if(data14.recordedBy !== undefined){
let data20 = data14.recordedBy;
const _errs43 = errors;
if(errors === _errs43){
if(typeof data20 === "string"){
if(data20.length > 100){
validate52.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/maxLength",keyword:"maxLength",params:{limit: 100},message:"must NOT have more than 100 characters"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid6 = _errs43 === errors;
}
else {
var valid6 = true;
}
}
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs31 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.files !== undefined){
let data21 = data.files;
const _errs45 = errors;
if(errors === _errs45){
if(data21 && typeof data21 == "object" && !Array.isArray(data21)){
if(Object.keys(data21).length > 4096){
validate52.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key6 in data21){
const _errs47 = errors;
if(!(validate64(key6, {instancePath:instancePath+"/files",parentData:data21,parentDataProperty:"files",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate64.errors : vErrors.concat(validate64.errors);
errors = vErrors.length;
}
var valid8 = _errs47 === errors;
if(!valid8){
const err1 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames",keyword:"propertyNames",params:{propertyName: key6},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
validate52.errors = vErrors;
return false;
break;
}
}
if(valid8){
for(const key7 in data21){
let data22 = data21[key7];
const _errs49 = errors;
if(errors === _errs49){
if(data22 && typeof data22 == "object" && !Array.isArray(data22)){
let missing6;
if(((data22.sha256 === undefined) && (missing6 = "sha256")) || ((data22.sizeBytes === undefined) && (missing6 = "sizeBytes"))){
validate52.errors = [{instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"}];
return false;
}
else {
const _errs51 = errors;
for(const key8 in data22){
if(!((key8 === "sha256") || (key8 === "sizeBytes"))){
validate52.errors = [{instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key8},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs51 === errors){
if(data22.sha256 !== undefined){
const _errs52 = errors;
if(!(validate101(data22.sha256, {instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",parentData:data22,parentDataProperty:"sha256",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
var valid10 = _errs52 === errors;
}
else {
var valid10 = true;
}
if(valid10){
if(data22.sizeBytes !== undefined){
let data24 = data22.sizeBytes;
const _errs53 = errors;
if(!(((typeof data24 == "number") && (!(data24 % 1) && !isNaN(data24))) && (isFinite(data24)))){
validate52.errors = [{instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs53){
if((typeof data24 == "number") && (isFinite(data24))){
if(data24 < 0 || isNaN(data24)){
validate52.errors = [{instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid10 = _errs53 === errors;
}
else {
var valid10 = true;
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/files/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid9 = _errs49 === errors;
if(!valid9){
break;
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs45 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data25 = data.provenance;
const _errs55 = errors;
if(errors === _errs55){
if(data25 && typeof data25 == "object" && !Array.isArray(data25)){
let missing7;
if(((((data25.format === undefined) && (missing7 = "format")) || ((data25.source === undefined) && (missing7 = "source"))) || ((data25.producer === undefined) && (missing7 = "producer"))) || ((data25.compilerRevision === undefined) && (missing7 = "compilerRevision"))){
validate52.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"}];
return false;
}
else {
const _errs57 = errors;
for(const key9 in data25){
if(!((((key9 === "format") || (key9 === "source")) || (key9 === "producer")) || (key9 === "compilerRevision"))){
validate52.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key9},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs57 === errors){
if(data25.format !== undefined){
let data26 = data25.format;
const _errs58 = errors;
if(!(((((((((data26 === "onnx") || (data26 === "pipeline")) || (data26 === "pickle")) || (data26 === "xgboost")) || (data26 === "lightgbm")) || (data26 === "pt2")) || (data26 === "torchscript")) || (data26 === "python")) || (data26 === "typescript"))){
validate52.errors = [{instancePath:instancePath+"/provenance/format",schemaPath:"#/properties/provenance/properties/format/enum",keyword:"enum",params:{allowedValues: schema19.properties.provenance.properties.format.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid11 = _errs58 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data25.source !== undefined){
let data27 = data25.source;
const _errs59 = errors;
if(errors === _errs59){
if(data27 && typeof data27 == "object" && !Array.isArray(data27)){
let missing8;
if((((data27.fileName === undefined) && (missing8 = "fileName")) || ((data27.sha256 === undefined) && (missing8 = "sha256"))) || ((data27.sizeBytes === undefined) && (missing8 = "sizeBytes"))){
validate52.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"}];
return false;
}
else {
const _errs61 = errors;
for(const key10 in data27){
if(!(((key10 === "fileName") || (key10 === "sha256")) || (key10 === "sizeBytes"))){
validate52.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs61 === errors){
if(data27.fileName !== undefined){
let data28 = data27.fileName;
const _errs62 = errors;
if(errors === _errs62){
if(typeof data28 === "string"){
if(data28.length > 256){
validate52.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid12 = _errs62 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data27.sha256 !== undefined){
const _errs64 = errors;
if(!(validate101(data27.sha256, {instancePath:instancePath+"/provenance/source/sha256",parentData:data27,parentDataProperty:"sha256",rootData,dynamicAnchors}))){
vErrors = vErrors === null ? validate101.errors : vErrors.concat(validate101.errors);
errors = vErrors.length;
}
var valid12 = _errs64 === errors;
}
else {
var valid12 = true;
}
if(valid12){
if(data27.sizeBytes !== undefined){
let data30 = data27.sizeBytes;
const _errs65 = errors;
if(!(((typeof data30 == "number") && (!(data30 % 1) && !isNaN(data30))) && (isFinite(data30)))){
validate52.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs65){
if((typeof data30 == "number") && (isFinite(data30))){
if(data30 < 0 || isNaN(data30)){
validate52.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid12 = _errs65 === errors;
}
else {
var valid12 = true;
}
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid11 = _errs59 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data25.producer !== undefined){
let data31 = data25.producer;
const _errs67 = errors;
if(errors === _errs67){
if(typeof data31 === "string"){
if(data31.length > 1000){
validate52.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate52.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid11 = _errs67 === errors;
}
else {
var valid11 = true;
}
if(valid11){
if(data25.compilerRevision !== undefined){
let data32 = data25.compilerRevision;
const _errs69 = errors;
if(!(((typeof data32 == "number") && (!(data32 % 1) && !isNaN(data32))) && (isFinite(data32)))){
validate52.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs69){
if((typeof data32 == "number") && (isFinite(data32))){
if(data32 < 1 || isNaN(data32)){
validate52.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid11 = _errs69 === errors;
}
else {
var valid11 = true;
}
}
}
}
}
}
}
else {
validate52.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs55 === errors;
}
else {
var valid0 = true;
}
}
}
}
}
}
}
}
}
}
}
}
else {
validate52.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate52.errors = vErrors;
return errors === 0;
}
validate52.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
