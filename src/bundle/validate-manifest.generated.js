// Made by `npm run generate` from manifest-schema.ts; do not edit.
"use strict";
export const validate = validate20;
export default validate20;
const schema31 = {"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Slipway bundle manifest","type":"object","properties":{"manifestVersion":{"const":1},"name":{"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},"signature":{"type":"object","properties":{"inputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"outputs":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":256},"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":-1},"maxItems":8},"columns":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":1000000},"isUnused":{"const":true},"isOptional":{"const":true},"isJson":{"const":true},"isNeverMissing":{"const":true}},"required":["name","datatype","shape"],"additionalProperties":false},"minItems":1,"maxItems":4096},"defaultOutputs":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"minItems":1,"uniqueItems":true,"maxItems":4096},"isRaw":{"const":true}},"required":["inputs","outputs"],"additionalProperties":false},"program":{"type":"object","properties":{"steps":{"type":"array","minItems":1,"maxItems":1024,"items":{"oneOf":[{"type":"object","properties":{"kind":{"const":"onnx"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"optimization":{"enum":["off","basic","all"]}},"required":["kind","file","inputs","outputs","optimization"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"kernel"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"kernel":{"type":"string","pattern":"^[a-z][a-z0-9-]{0,63}$"}},"required":["kind","file","inputs","outputs","kernel"],"additionalProperties":false},{"type":"object","properties":{"kind":{"const":"python"},"file":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"string","minLength":1,"maxLength":256},"maxProperties":4096}},"required":["kind","file","inputs","outputs"],"additionalProperties":false}]}}},"required":["steps"],"additionalProperties":false},"batching":{"type":"object","properties":{"rowsAreIndependent":{"type":"boolean"},"reason":{"type":"string","maxLength":1000}},"required":["rowsAreIndependent","reason"],"additionalProperties":false},"example":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"golden":{"type":"object","properties":{"inputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"outputs":{"type":"object","propertyNames":{"type":"string","minLength":1,"maxLength":256},"additionalProperties":{"type":"object","properties":{"datatype":{"enum":["BOOL","UINT8","UINT16","UINT32","UINT64","INT8","INT16","INT32","INT64","FP16","BF16","FP32","FP64","BYTES"]},"shape":{"type":"array","items":{"type":"integer","minimum":0},"maxItems":8},"data":{"type":"array","items":{"type":["number","string"]}}},"required":["datatype","shape","data"],"additionalProperties":false},"maxProperties":4096},"tolerance":{"type":"object","properties":{"relative":{"type":"number","minimum":0},"absolute":{"type":"number","minimum":0}},"required":["relative","absolute"],"additionalProperties":false},"recordedBy":{"type":"string","maxLength":100}},"required":["inputs","outputs","tolerance","recordedBy"],"additionalProperties":false},"files":{"type":"object","propertyNames":{"type":"string","maxLength":256,"pattern":"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},"additionalProperties":{"type":"object","properties":{"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["sha256","sizeBytes"],"additionalProperties":false},"maxProperties":4096},"provenance":{"type":"object","properties":{"format":{"enum":["onnx","pipeline","pickle","xgboost","lightgbm","pt2","torchscript","python","typescript"]},"source":{"type":"object","properties":{"fileName":{"type":"string","maxLength":256},"sha256":{"type":"string","pattern":"^[0-9a-f]{64}$"},"sizeBytes":{"type":"integer","minimum":0}},"required":["fileName","sha256","sizeBytes"],"additionalProperties":false},"producer":{"type":"string","maxLength":1000},"compilerRevision":{"type":"integer","minimum":1}},"required":["format","source","producer","compilerRevision"],"additionalProperties":false}},"required":["manifestVersion","name","signature","program","batching","example","golden","files","provenance"],"additionalProperties":false};
const func1 = Object.prototype.hasOwnProperty;
const pattern4 = new RegExp("^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$", "u");
const pattern5 = new RegExp("^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", "u");
const pattern7 = new RegExp("^[a-z][a-z0-9-]{0,63}$", "u");
const pattern10 = new RegExp("^[0-9a-f]{64}$", "u");

function validate20(data, {instancePath="", parentData, parentDataProperty, rootData=data, dynamicAnchors={}}={}){
let vErrors = null;
let errors = 0;
const evaluated0 = validate20.evaluated;
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
validate20.errors = [{instancePath,schemaPath:"#/required",keyword:"required",params:{missingProperty: missing0},message:"must have required property '"+missing0+"'"}];
return false;
}
else {
const _errs1 = errors;
for(const key0 in data){
if(!(func1.call(schema31.properties, key0))){
validate20.errors = [{instancePath,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key0},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs1 === errors){
if(data.manifestVersion !== undefined){
const _errs2 = errors;
if(1 !== data.manifestVersion){
validate20.errors = [{instancePath:instancePath+"/manifestVersion",schemaPath:"#/properties/manifestVersion/const",keyword:"const",params:{allowedValue: 1},message:"must be equal to constant"}];
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
if(!pattern4.test(data1)){
validate20.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/pattern",keyword:"pattern",params:{pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"},message:"must match pattern \""+"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/name",schemaPath:"#/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
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
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/required",keyword:"required",params:{missingProperty: missing1},message:"must have required property '"+missing1+"'"}];
return false;
}
else {
const _errs7 = errors;
for(const key1 in data2){
if(!((((key1 === "inputs") || (key1 === "outputs")) || (key1 === "defaultOutputs")) || (key1 === "isRaw"))){
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key1},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs7 === errors){
if(data2.inputs !== undefined){
let data3 = data2.inputs;
const _errs8 = errors;
if(errors === _errs8){
if(Array.isArray(data3)){
if(data3.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data3.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid2 = true;
const len0 = data3.length;
for(let i0=0; i0<len0; i0++){
let data4 = data3[i0];
const _errs10 = errors;
if(errors === _errs10){
if(data4 && typeof data4 == "object" && !Array.isArray(data4)){
let missing2;
if((((data4.name === undefined) && (missing2 = "name")) || ((data4.datatype === undefined) && (missing2 = "datatype"))) || ((data4.shape === undefined) && (missing2 = "shape"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/required",keyword:"required",params:{missingProperty: missing2},message:"must have required property '"+missing2+"'"}];
return false;
}
else {
const _errs12 = errors;
for(const key2 in data4){
if(!((((((((key2 === "name") || (key2 === "datatype")) || (key2 === "shape")) || (key2 === "columns")) || (key2 === "isUnused")) || (key2 === "isOptional")) || (key2 === "isJson")) || (key2 === "isNeverMissing"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key2},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs12 === errors){
if(data4.name !== undefined){
let data5 = data4.name;
const _errs13 = errors;
if(errors === _errs13){
if(typeof data5 === "string"){
if(data5.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data5.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/name",schemaPath:"#/properties/signature/properties/inputs/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid3 = _errs13 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.datatype !== undefined){
let data6 = data4.datatype;
const _errs15 = errors;
if(!((((((((((((((data6 === "BOOL") || (data6 === "UINT8")) || (data6 === "UINT16")) || (data6 === "UINT32")) || (data6 === "UINT64")) || (data6 === "INT8")) || (data6 === "INT16")) || (data6 === "INT32")) || (data6 === "INT64")) || (data6 === "FP16")) || (data6 === "BF16")) || (data6 === "FP32")) || (data6 === "FP64")) || (data6 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/datatype",schemaPath:"#/properties/signature/properties/inputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.signature.properties.inputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid3 = _errs15 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.shape !== undefined){
let data7 = data4.shape;
const _errs16 = errors;
if(errors === _errs16){
if(Array.isArray(data7)){
if(data7.length > 8){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape",schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid4 = true;
const len1 = data7.length;
for(let i1=0; i1<len1; i1++){
let data8 = data7[i1];
const _errs18 = errors;
if(!(((typeof data8 == "number") && (!(data8 % 1) && !isNaN(data8))) && (isFinite(data8)))){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape/" + i1,schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs18){
if((typeof data8 == "number") && (isFinite(data8))){
if(data8 < -1 || isNaN(data8)){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape/" + i1,schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid4 = _errs18 === errors;
if(!valid4){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/shape",schemaPath:"#/properties/signature/properties/inputs/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid3 = _errs16 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.columns !== undefined){
let data9 = data4.columns;
const _errs20 = errors;
if(errors === _errs20){
if(Array.isArray(data9)){
if(data9.length > 1000000){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns",schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid5 = true;
const len2 = data9.length;
for(let i2=0; i2<len2; i2++){
let data10 = data9[i2];
const _errs22 = errors;
if(errors === _errs22){
if(typeof data10 === "string"){
if(data10.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data10.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns/" + i2,schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid5 = _errs22 === errors;
if(!valid5){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/columns",schemaPath:"#/properties/signature/properties/inputs/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid3 = _errs20 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isUnused !== undefined){
const _errs24 = errors;
if(true !== data4.isUnused){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isUnused",schemaPath:"#/properties/signature/properties/inputs/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs24 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isOptional !== undefined){
const _errs25 = errors;
if(true !== data4.isOptional){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isOptional",schemaPath:"#/properties/signature/properties/inputs/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs25 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isJson !== undefined){
const _errs26 = errors;
if(true !== data4.isJson){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isJson",schemaPath:"#/properties/signature/properties/inputs/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs26 === errors;
}
else {
var valid3 = true;
}
if(valid3){
if(data4.isNeverMissing !== undefined){
const _errs27 = errors;
if(true !== data4.isNeverMissing){
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0+"/isNeverMissing",schemaPath:"#/properties/signature/properties/inputs/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid3 = _errs27 === errors;
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
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/inputs/" + i0,schemaPath:"#/properties/signature/properties/inputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
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
validate20.errors = [{instancePath:instancePath+"/signature/inputs",schemaPath:"#/properties/signature/properties/inputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs8 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.outputs !== undefined){
let data15 = data2.outputs;
const _errs28 = errors;
if(errors === _errs28){
if(Array.isArray(data15)){
if(data15.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data15.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid6 = true;
const len3 = data15.length;
for(let i3=0; i3<len3; i3++){
let data16 = data15[i3];
const _errs30 = errors;
if(errors === _errs30){
if(data16 && typeof data16 == "object" && !Array.isArray(data16)){
let missing3;
if((((data16.name === undefined) && (missing3 = "name")) || ((data16.datatype === undefined) && (missing3 = "datatype"))) || ((data16.shape === undefined) && (missing3 = "shape"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/required",keyword:"required",params:{missingProperty: missing3},message:"must have required property '"+missing3+"'"}];
return false;
}
else {
const _errs32 = errors;
for(const key3 in data16){
if(!((((((((key3 === "name") || (key3 === "datatype")) || (key3 === "shape")) || (key3 === "columns")) || (key3 === "isUnused")) || (key3 === "isOptional")) || (key3 === "isJson")) || (key3 === "isNeverMissing"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key3},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs32 === errors){
if(data16.name !== undefined){
let data17 = data16.name;
const _errs33 = errors;
if(errors === _errs33){
if(typeof data17 === "string"){
if(data17.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data17.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/name",schemaPath:"#/properties/signature/properties/outputs/items/properties/name/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid7 = _errs33 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.datatype !== undefined){
let data18 = data16.datatype;
const _errs35 = errors;
if(!((((((((((((((data18 === "BOOL") || (data18 === "UINT8")) || (data18 === "UINT16")) || (data18 === "UINT32")) || (data18 === "UINT64")) || (data18 === "INT8")) || (data18 === "INT16")) || (data18 === "INT32")) || (data18 === "INT64")) || (data18 === "FP16")) || (data18 === "BF16")) || (data18 === "FP32")) || (data18 === "FP64")) || (data18 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/datatype",schemaPath:"#/properties/signature/properties/outputs/items/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.signature.properties.outputs.items.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid7 = _errs35 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.shape !== undefined){
let data19 = data16.shape;
const _errs36 = errors;
if(errors === _errs36){
if(Array.isArray(data19)){
if(data19.length > 8){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape",schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid8 = true;
const len4 = data19.length;
for(let i4=0; i4<len4; i4++){
let data20 = data19[i4];
const _errs38 = errors;
if(!(((typeof data20 == "number") && (!(data20 % 1) && !isNaN(data20))) && (isFinite(data20)))){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs38){
if((typeof data20 == "number") && (isFinite(data20))){
if(data20 < -1 || isNaN(data20)){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape/" + i4,schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: -1},message:"must be >= -1"}];
return false;
}
}
}
var valid8 = _errs38 === errors;
if(!valid8){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/shape",schemaPath:"#/properties/signature/properties/outputs/items/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid7 = _errs36 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.columns !== undefined){
let data21 = data16.columns;
const _errs40 = errors;
if(errors === _errs40){
if(Array.isArray(data21)){
if(data21.length > 1000000){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns",schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/maxItems",keyword:"maxItems",params:{limit: 1000000},message:"must NOT have more than 1000000 items"}];
return false;
}
else {
var valid9 = true;
const len5 = data21.length;
for(let i5=0; i5<len5; i5++){
let data22 = data21[i5];
const _errs42 = errors;
if(errors === _errs42){
if(typeof data22 === "string"){
if(data22.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data22.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns/" + i5,schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid9 = _errs42 === errors;
if(!valid9){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/columns",schemaPath:"#/properties/signature/properties/outputs/items/properties/columns/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid7 = _errs40 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isUnused !== undefined){
const _errs44 = errors;
if(true !== data16.isUnused){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isUnused",schemaPath:"#/properties/signature/properties/outputs/items/properties/isUnused/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs44 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isOptional !== undefined){
const _errs45 = errors;
if(true !== data16.isOptional){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isOptional",schemaPath:"#/properties/signature/properties/outputs/items/properties/isOptional/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs45 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isJson !== undefined){
const _errs46 = errors;
if(true !== data16.isJson){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isJson",schemaPath:"#/properties/signature/properties/outputs/items/properties/isJson/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs46 === errors;
}
else {
var valid7 = true;
}
if(valid7){
if(data16.isNeverMissing !== undefined){
const _errs47 = errors;
if(true !== data16.isNeverMissing){
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3+"/isNeverMissing",schemaPath:"#/properties/signature/properties/outputs/items/properties/isNeverMissing/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid7 = _errs47 === errors;
}
else {
var valid7 = true;
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
validate20.errors = [{instancePath:instancePath+"/signature/outputs/" + i3,schemaPath:"#/properties/signature/properties/outputs/items/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid6 = _errs30 === errors;
if(!valid6){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/outputs",schemaPath:"#/properties/signature/properties/outputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs28 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.defaultOutputs !== undefined){
let data27 = data2.defaultOutputs;
const _errs48 = errors;
if(errors === _errs48){
if(Array.isArray(data27)){
if(data27.length > 4096){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/maxItems",keyword:"maxItems",params:{limit: 4096},message:"must NOT have more than 4096 items"}];
return false;
}
else {
if(data27.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid10 = true;
const len6 = data27.length;
for(let i6=0; i6<len6; i6++){
let data28 = data27[i6];
const _errs50 = errors;
if(errors === _errs50){
if(typeof data28 === "string"){
if(data28.length > 256){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
else {
if(data28.length < 1){
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"}];
return false;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs/" + i6,schemaPath:"#/properties/signature/properties/defaultOutputs/items/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid10 = _errs50 === errors;
if(!valid10){
break;
}
}
if(valid10){
let i7 = data27.length;
let j0;
if(i7 > 1){
const indices0 = {};
for(;i7--;){
let item0 = data27[i7];
if(typeof item0 !== "string"){
continue;
}
if(typeof indices0[item0] == "number"){
j0 = indices0[item0];
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/uniqueItems",keyword:"uniqueItems",params:{i: i7, j: j0},message:"must NOT have duplicate items (items ## "+j0+" and "+i7+" are identical)"}];
return false;
break;
}
indices0[item0] = i7;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/signature/defaultOutputs",schemaPath:"#/properties/signature/properties/defaultOutputs/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid1 = _errs48 === errors;
}
else {
var valid1 = true;
}
if(valid1){
if(data2.isRaw !== undefined){
const _errs52 = errors;
if(true !== data2.isRaw){
validate20.errors = [{instancePath:instancePath+"/signature/isRaw",schemaPath:"#/properties/signature/properties/isRaw/const",keyword:"const",params:{allowedValue: true},message:"must be equal to constant"}];
return false;
}
var valid1 = _errs52 === errors;
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
validate20.errors = [{instancePath:instancePath+"/signature",schemaPath:"#/properties/signature/type",keyword:"type",params:{type: "object"},message:"must be object"}];
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
let data30 = data.program;
const _errs53 = errors;
if(errors === _errs53){
if(data30 && typeof data30 == "object" && !Array.isArray(data30)){
let missing4;
if((data30.steps === undefined) && (missing4 = "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/required",keyword:"required",params:{missingProperty: missing4},message:"must have required property '"+missing4+"'"}];
return false;
}
else {
const _errs55 = errors;
for(const key4 in data30){
if(!(key4 === "steps")){
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key4},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs55 === errors){
if(data30.steps !== undefined){
let data31 = data30.steps;
const _errs56 = errors;
if(errors === _errs56){
if(Array.isArray(data31)){
if(data31.length > 1024){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/maxItems",keyword:"maxItems",params:{limit: 1024},message:"must NOT have more than 1024 items"}];
return false;
}
else {
if(data31.length < 1){
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/minItems",keyword:"minItems",params:{limit: 1},message:"must NOT have fewer than 1 items"}];
return false;
}
else {
var valid13 = true;
const len7 = data31.length;
for(let i8=0; i8<len7; i8++){
let data32 = data31[i8];
const _errs58 = errors;
const _errs59 = errors;
let valid14 = false;
let passing0 = null;
const _errs60 = errors;
if(errors === _errs60){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing5;
if((((((data32.kind === undefined) && (missing5 = "kind")) || ((data32.file === undefined) && (missing5 = "file"))) || ((data32.inputs === undefined) && (missing5 = "inputs"))) || ((data32.outputs === undefined) && (missing5 = "outputs"))) || ((data32.optimization === undefined) && (missing5 = "optimization"))){
const err0 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/required",keyword:"required",params:{missingProperty: missing5},message:"must have required property '"+missing5+"'"};
if(vErrors === null){
vErrors = [err0];
}
else {
vErrors.push(err0);
}
errors++;
}
else {
const _errs62 = errors;
for(const key5 in data32){
if(!(((((key5 === "kind") || (key5 === "file")) || (key5 === "inputs")) || (key5 === "outputs")) || (key5 === "optimization"))){
const err1 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key5},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err1];
}
else {
vErrors.push(err1);
}
errors++;
break;
}
}
if(_errs62 === errors){
if(data32.kind !== undefined){
const _errs63 = errors;
if("onnx" !== data32.kind){
const err2 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/kind/const",keyword:"const",params:{allowedValue: "onnx"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err2];
}
else {
vErrors.push(err2);
}
errors++;
}
var valid15 = _errs63 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.file !== undefined){
let data34 = data32.file;
const _errs64 = errors;
if(errors === _errs64){
if(typeof data34 === "string"){
if(data34.length > 256){
const err3 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err3];
}
else {
vErrors.push(err3);
}
errors++;
}
else {
if(!pattern5.test(data34)){
const err4 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err4];
}
else {
vErrors.push(err4);
}
errors++;
}
}
}
else {
const err5 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err5];
}
else {
vErrors.push(err5);
}
errors++;
}
}
var valid15 = _errs64 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.inputs !== undefined){
let data35 = data32.inputs;
const _errs66 = errors;
if(errors === _errs66){
if(data35 && typeof data35 == "object" && !Array.isArray(data35)){
if(Object.keys(data35).length > 4096){
const err6 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err6];
}
else {
vErrors.push(err6);
}
errors++;
}
else {
for(const key6 in data35){
const _errs68 = errors;
if(errors === _errs68){
if(typeof key6 === "string"){
if(key6.length > 256){
const err7 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err7];
}
else {
vErrors.push(err7);
}
errors++;
}
else {
if(key6.length < 1){
const err8 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key6};
if(vErrors === null){
vErrors = [err8];
}
else {
vErrors.push(err8);
}
errors++;
}
}
}
else {
const err9 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key6};
if(vErrors === null){
vErrors = [err9];
}
else {
vErrors.push(err9);
}
errors++;
}
}
var valid16 = _errs68 === errors;
if(!valid16){
const err10 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key6},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err10];
}
else {
vErrors.push(err10);
}
errors++;
break;
}
}
if(valid16){
for(const key7 in data35){
let data36 = data35[key7];
const _errs71 = errors;
if(errors === _errs71){
if(typeof data36 === "string"){
if(data36.length > 256){
const err11 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err11];
}
else {
vErrors.push(err11);
}
errors++;
}
else {
if(data36.length < 1){
const err12 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err12];
}
else {
vErrors.push(err12);
}
errors++;
}
}
}
else {
const err13 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key7.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err13];
}
else {
vErrors.push(err13);
}
errors++;
}
}
var valid17 = _errs71 === errors;
if(!valid17){
break;
}
}
}
}
}
else {
const err14 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err14];
}
else {
vErrors.push(err14);
}
errors++;
}
}
var valid15 = _errs66 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.outputs !== undefined){
let data37 = data32.outputs;
const _errs73 = errors;
if(errors === _errs73){
if(data37 && typeof data37 == "object" && !Array.isArray(data37)){
if(Object.keys(data37).length > 4096){
const err15 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err15];
}
else {
vErrors.push(err15);
}
errors++;
}
else {
for(const key8 in data37){
const _errs75 = errors;
if(errors === _errs75){
if(typeof key8 === "string"){
if(key8.length > 256){
const err16 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err16];
}
else {
vErrors.push(err16);
}
errors++;
}
else {
if(key8.length < 1){
const err17 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key8};
if(vErrors === null){
vErrors = [err17];
}
else {
vErrors.push(err17);
}
errors++;
}
}
}
else {
const err18 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key8};
if(vErrors === null){
vErrors = [err18];
}
else {
vErrors.push(err18);
}
errors++;
}
}
var valid18 = _errs75 === errors;
if(!valid18){
const err19 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key8},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err19];
}
else {
vErrors.push(err19);
}
errors++;
break;
}
}
if(valid18){
for(const key9 in data37){
let data38 = data37[key9];
const _errs78 = errors;
if(errors === _errs78){
if(typeof data38 === "string"){
if(data38.length > 256){
const err20 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err20];
}
else {
vErrors.push(err20);
}
errors++;
}
else {
if(data38.length < 1){
const err21 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err21];
}
else {
vErrors.push(err21);
}
errors++;
}
}
}
else {
const err22 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key9.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err22];
}
else {
vErrors.push(err22);
}
errors++;
}
}
var valid19 = _errs78 === errors;
if(!valid19){
break;
}
}
}
}
}
else {
const err23 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err23];
}
else {
vErrors.push(err23);
}
errors++;
}
}
var valid15 = _errs73 === errors;
}
else {
var valid15 = true;
}
if(valid15){
if(data32.optimization !== undefined){
let data39 = data32.optimization;
const _errs80 = errors;
if(!(((data39 === "off") || (data39 === "basic")) || (data39 === "all"))){
const err24 = {instancePath:instancePath+"/program/steps/" + i8+"/optimization",schemaPath:"#/properties/program/properties/steps/items/oneOf/0/properties/optimization/enum",keyword:"enum",params:{allowedValues: schema31.properties.program.properties.steps.items.oneOf[0].properties.optimization.enum},message:"must be equal to one of the allowed values"};
if(vErrors === null){
vErrors = [err24];
}
else {
vErrors.push(err24);
}
errors++;
}
var valid15 = _errs80 === errors;
}
else {
var valid15 = true;
}
}
}
}
}
}
}
}
else {
const err25 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/0/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err25];
}
else {
vErrors.push(err25);
}
errors++;
}
}
var _valid0 = _errs60 === errors;
if(_valid0){
valid14 = true;
passing0 = 0;
var props0 = true;
}
const _errs81 = errors;
if(errors === _errs81){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing6;
if((((((data32.kind === undefined) && (missing6 = "kind")) || ((data32.file === undefined) && (missing6 = "file"))) || ((data32.inputs === undefined) && (missing6 = "inputs"))) || ((data32.outputs === undefined) && (missing6 = "outputs"))) || ((data32.kernel === undefined) && (missing6 = "kernel"))){
const err26 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/required",keyword:"required",params:{missingProperty: missing6},message:"must have required property '"+missing6+"'"};
if(vErrors === null){
vErrors = [err26];
}
else {
vErrors.push(err26);
}
errors++;
}
else {
const _errs83 = errors;
for(const key10 in data32){
if(!(((((key10 === "kind") || (key10 === "file")) || (key10 === "inputs")) || (key10 === "outputs")) || (key10 === "kernel"))){
const err27 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key10},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err27];
}
else {
vErrors.push(err27);
}
errors++;
break;
}
}
if(_errs83 === errors){
if(data32.kind !== undefined){
const _errs84 = errors;
if("kernel" !== data32.kind){
const err28 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kind/const",keyword:"const",params:{allowedValue: "kernel"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err28];
}
else {
vErrors.push(err28);
}
errors++;
}
var valid20 = _errs84 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.file !== undefined){
let data41 = data32.file;
const _errs85 = errors;
if(errors === _errs85){
if(typeof data41 === "string"){
if(data41.length > 256){
const err29 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err29];
}
else {
vErrors.push(err29);
}
errors++;
}
else {
if(!pattern5.test(data41)){
const err30 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err30];
}
else {
vErrors.push(err30);
}
errors++;
}
}
}
else {
const err31 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err31];
}
else {
vErrors.push(err31);
}
errors++;
}
}
var valid20 = _errs85 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.inputs !== undefined){
let data42 = data32.inputs;
const _errs87 = errors;
if(errors === _errs87){
if(data42 && typeof data42 == "object" && !Array.isArray(data42)){
if(Object.keys(data42).length > 4096){
const err32 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err32];
}
else {
vErrors.push(err32);
}
errors++;
}
else {
for(const key11 in data42){
const _errs89 = errors;
if(errors === _errs89){
if(typeof key11 === "string"){
if(key11.length > 256){
const err33 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err33];
}
else {
vErrors.push(err33);
}
errors++;
}
else {
if(key11.length < 1){
const err34 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key11};
if(vErrors === null){
vErrors = [err34];
}
else {
vErrors.push(err34);
}
errors++;
}
}
}
else {
const err35 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key11};
if(vErrors === null){
vErrors = [err35];
}
else {
vErrors.push(err35);
}
errors++;
}
}
var valid21 = _errs89 === errors;
if(!valid21){
const err36 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key11},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err36];
}
else {
vErrors.push(err36);
}
errors++;
break;
}
}
if(valid21){
for(const key12 in data42){
let data43 = data42[key12];
const _errs92 = errors;
if(errors === _errs92){
if(typeof data43 === "string"){
if(data43.length > 256){
const err37 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err37];
}
else {
vErrors.push(err37);
}
errors++;
}
else {
if(data43.length < 1){
const err38 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err38];
}
else {
vErrors.push(err38);
}
errors++;
}
}
}
else {
const err39 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key12.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err39];
}
else {
vErrors.push(err39);
}
errors++;
}
}
var valid22 = _errs92 === errors;
if(!valid22){
break;
}
}
}
}
}
else {
const err40 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err40];
}
else {
vErrors.push(err40);
}
errors++;
}
}
var valid20 = _errs87 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.outputs !== undefined){
let data44 = data32.outputs;
const _errs94 = errors;
if(errors === _errs94){
if(data44 && typeof data44 == "object" && !Array.isArray(data44)){
if(Object.keys(data44).length > 4096){
const err41 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err41];
}
else {
vErrors.push(err41);
}
errors++;
}
else {
for(const key13 in data44){
const _errs96 = errors;
if(errors === _errs96){
if(typeof key13 === "string"){
if(key13.length > 256){
const err42 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key13};
if(vErrors === null){
vErrors = [err42];
}
else {
vErrors.push(err42);
}
errors++;
}
else {
if(key13.length < 1){
const err43 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key13};
if(vErrors === null){
vErrors = [err43];
}
else {
vErrors.push(err43);
}
errors++;
}
}
}
else {
const err44 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key13};
if(vErrors === null){
vErrors = [err44];
}
else {
vErrors.push(err44);
}
errors++;
}
}
var valid23 = _errs96 === errors;
if(!valid23){
const err45 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key13},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err45];
}
else {
vErrors.push(err45);
}
errors++;
break;
}
}
if(valid23){
for(const key14 in data44){
let data45 = data44[key14];
const _errs99 = errors;
if(errors === _errs99){
if(typeof data45 === "string"){
if(data45.length > 256){
const err46 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err46];
}
else {
vErrors.push(err46);
}
errors++;
}
else {
if(data45.length < 1){
const err47 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err47];
}
else {
vErrors.push(err47);
}
errors++;
}
}
}
else {
const err48 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key14.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err48];
}
else {
vErrors.push(err48);
}
errors++;
}
}
var valid24 = _errs99 === errors;
if(!valid24){
break;
}
}
}
}
}
else {
const err49 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err49];
}
else {
vErrors.push(err49);
}
errors++;
}
}
var valid20 = _errs94 === errors;
}
else {
var valid20 = true;
}
if(valid20){
if(data32.kernel !== undefined){
let data46 = data32.kernel;
const _errs101 = errors;
if(errors === _errs101){
if(typeof data46 === "string"){
if(!pattern7.test(data46)){
const err50 = {instancePath:instancePath+"/program/steps/" + i8+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kernel/pattern",keyword:"pattern",params:{pattern: "^[a-z][a-z0-9-]{0,63}$"},message:"must match pattern \""+"^[a-z][a-z0-9-]{0,63}$"+"\""};
if(vErrors === null){
vErrors = [err50];
}
else {
vErrors.push(err50);
}
errors++;
}
}
else {
const err51 = {instancePath:instancePath+"/program/steps/" + i8+"/kernel",schemaPath:"#/properties/program/properties/steps/items/oneOf/1/properties/kernel/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err51];
}
else {
vErrors.push(err51);
}
errors++;
}
}
var valid20 = _errs101 === errors;
}
else {
var valid20 = true;
}
}
}
}
}
}
}
}
else {
const err52 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/1/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err52];
}
else {
vErrors.push(err52);
}
errors++;
}
}
var _valid0 = _errs81 === errors;
if(_valid0 && valid14){
valid14 = false;
passing0 = [passing0, 1];
}
else {
if(_valid0){
valid14 = true;
passing0 = 1;
if(props0 !== true){
props0 = true;
}
}
const _errs103 = errors;
if(errors === _errs103){
if(data32 && typeof data32 == "object" && !Array.isArray(data32)){
let missing7;
if(((((data32.kind === undefined) && (missing7 = "kind")) || ((data32.file === undefined) && (missing7 = "file"))) || ((data32.inputs === undefined) && (missing7 = "inputs"))) || ((data32.outputs === undefined) && (missing7 = "outputs"))){
const err53 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/required",keyword:"required",params:{missingProperty: missing7},message:"must have required property '"+missing7+"'"};
if(vErrors === null){
vErrors = [err53];
}
else {
vErrors.push(err53);
}
errors++;
}
else {
const _errs105 = errors;
for(const key15 in data32){
if(!((((key15 === "kind") || (key15 === "file")) || (key15 === "inputs")) || (key15 === "outputs"))){
const err54 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key15},message:"must NOT have additional properties"};
if(vErrors === null){
vErrors = [err54];
}
else {
vErrors.push(err54);
}
errors++;
break;
}
}
if(_errs105 === errors){
if(data32.kind !== undefined){
const _errs106 = errors;
if("python" !== data32.kind){
const err55 = {instancePath:instancePath+"/program/steps/" + i8+"/kind",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/kind/const",keyword:"const",params:{allowedValue: "python"},message:"must be equal to constant"};
if(vErrors === null){
vErrors = [err55];
}
else {
vErrors.push(err55);
}
errors++;
}
var valid25 = _errs106 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.file !== undefined){
let data48 = data32.file;
const _errs107 = errors;
if(errors === _errs107){
if(typeof data48 === "string"){
if(data48.length > 256){
const err56 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err56];
}
else {
vErrors.push(err56);
}
errors++;
}
else {
if(!pattern5.test(data48)){
const err57 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\""};
if(vErrors === null){
vErrors = [err57];
}
else {
vErrors.push(err57);
}
errors++;
}
}
}
else {
const err58 = {instancePath:instancePath+"/program/steps/" + i8+"/file",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/file/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err58];
}
else {
vErrors.push(err58);
}
errors++;
}
}
var valid25 = _errs107 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.inputs !== undefined){
let data49 = data32.inputs;
const _errs109 = errors;
if(errors === _errs109){
if(data49 && typeof data49 == "object" && !Array.isArray(data49)){
if(Object.keys(data49).length > 4096){
const err59 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err59];
}
else {
vErrors.push(err59);
}
errors++;
}
else {
for(const key16 in data49){
const _errs111 = errors;
if(errors === _errs111){
if(typeof key16 === "string"){
if(key16.length > 256){
const err60 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key16};
if(vErrors === null){
vErrors = [err60];
}
else {
vErrors.push(err60);
}
errors++;
}
else {
if(key16.length < 1){
const err61 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key16};
if(vErrors === null){
vErrors = [err61];
}
else {
vErrors.push(err61);
}
errors++;
}
}
}
else {
const err62 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key16};
if(vErrors === null){
vErrors = [err62];
}
else {
vErrors.push(err62);
}
errors++;
}
}
var valid26 = _errs111 === errors;
if(!valid26){
const err63 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key16},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err63];
}
else {
vErrors.push(err63);
}
errors++;
break;
}
}
if(valid26){
for(const key17 in data49){
let data50 = data49[key17];
const _errs114 = errors;
if(errors === _errs114){
if(typeof data50 === "string"){
if(data50.length > 256){
const err64 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err64];
}
else {
vErrors.push(err64);
}
errors++;
}
else {
if(data50.length < 1){
const err65 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err65];
}
else {
vErrors.push(err65);
}
errors++;
}
}
}
else {
const err66 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs/" + key17.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err66];
}
else {
vErrors.push(err66);
}
errors++;
}
}
var valid27 = _errs114 === errors;
if(!valid27){
break;
}
}
}
}
}
else {
const err67 = {instancePath:instancePath+"/program/steps/" + i8+"/inputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err67];
}
else {
vErrors.push(err67);
}
errors++;
}
}
var valid25 = _errs109 === errors;
}
else {
var valid25 = true;
}
if(valid25){
if(data32.outputs !== undefined){
let data51 = data32.outputs;
const _errs116 = errors;
if(errors === _errs116){
if(data51 && typeof data51 == "object" && !Array.isArray(data51)){
if(Object.keys(data51).length > 4096){
const err68 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"};
if(vErrors === null){
vErrors = [err68];
}
else {
vErrors.push(err68);
}
errors++;
}
else {
for(const key18 in data51){
const _errs118 = errors;
if(errors === _errs118){
if(typeof key18 === "string"){
if(key18.length > 256){
const err69 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key18};
if(vErrors === null){
vErrors = [err69];
}
else {
vErrors.push(err69);
}
errors++;
}
else {
if(key18.length < 1){
const err70 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key18};
if(vErrors === null){
vErrors = [err70];
}
else {
vErrors.push(err70);
}
errors++;
}
}
}
else {
const err71 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key18};
if(vErrors === null){
vErrors = [err71];
}
else {
vErrors.push(err71);
}
errors++;
}
}
var valid28 = _errs118 === errors;
if(!valid28){
const err72 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key18},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err72];
}
else {
vErrors.push(err72);
}
errors++;
break;
}
}
if(valid28){
for(const key19 in data51){
let data52 = data51[key19];
const _errs121 = errors;
if(errors === _errs121){
if(typeof data52 === "string"){
if(data52.length > 256){
const err73 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"};
if(vErrors === null){
vErrors = [err73];
}
else {
vErrors.push(err73);
}
errors++;
}
else {
if(data52.length < 1){
const err74 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters"};
if(vErrors === null){
vErrors = [err74];
}
else {
vErrors.push(err74);
}
errors++;
}
}
}
else {
const err75 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs/" + key19.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "string"},message:"must be string"};
if(vErrors === null){
vErrors = [err75];
}
else {
vErrors.push(err75);
}
errors++;
}
}
var valid29 = _errs121 === errors;
if(!valid29){
break;
}
}
}
}
}
else {
const err76 = {instancePath:instancePath+"/program/steps/" + i8+"/outputs",schemaPath:"#/properties/program/properties/steps/items/oneOf/2/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err76];
}
else {
vErrors.push(err76);
}
errors++;
}
}
var valid25 = _errs116 === errors;
}
else {
var valid25 = true;
}
}
}
}
}
}
}
else {
const err77 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf/2/type",keyword:"type",params:{type: "object"},message:"must be object"};
if(vErrors === null){
vErrors = [err77];
}
else {
vErrors.push(err77);
}
errors++;
}
}
var _valid0 = _errs103 === errors;
if(_valid0 && valid14){
valid14 = false;
passing0 = [passing0, 2];
}
else {
if(_valid0){
valid14 = true;
passing0 = 2;
if(props0 !== true){
props0 = true;
}
}
}
}
if(!valid14){
const err78 = {instancePath:instancePath+"/program/steps/" + i8,schemaPath:"#/properties/program/properties/steps/items/oneOf",keyword:"oneOf",params:{passingSchemas: passing0},message:"must match exactly one schema in oneOf"};
if(vErrors === null){
vErrors = [err78];
}
else {
vErrors.push(err78);
}
errors++;
validate20.errors = vErrors;
return false;
}
else {
errors = _errs59;
if(vErrors !== null){
if(_errs59){
vErrors.length = _errs59;
}
else {
vErrors = null;
}
}
}
var valid13 = _errs58 === errors;
if(!valid13){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program/steps",schemaPath:"#/properties/program/properties/steps/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/program",schemaPath:"#/properties/program/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs53 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.batching !== undefined){
let data53 = data.batching;
const _errs123 = errors;
if(errors === _errs123){
if(data53 && typeof data53 == "object" && !Array.isArray(data53)){
let missing8;
if(((data53.rowsAreIndependent === undefined) && (missing8 = "rowsAreIndependent")) || ((data53.reason === undefined) && (missing8 = "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/required",keyword:"required",params:{missingProperty: missing8},message:"must have required property '"+missing8+"'"}];
return false;
}
else {
const _errs125 = errors;
for(const key20 in data53){
if(!((key20 === "rowsAreIndependent") || (key20 === "reason"))){
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key20},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs125 === errors){
if(data53.rowsAreIndependent !== undefined){
const _errs126 = errors;
if(typeof data53.rowsAreIndependent !== "boolean"){
validate20.errors = [{instancePath:instancePath+"/batching/rowsAreIndependent",schemaPath:"#/properties/batching/properties/rowsAreIndependent/type",keyword:"type",params:{type: "boolean"},message:"must be boolean"}];
return false;
}
var valid30 = _errs126 === errors;
}
else {
var valid30 = true;
}
if(valid30){
if(data53.reason !== undefined){
let data55 = data53.reason;
const _errs128 = errors;
if(errors === _errs128){
if(typeof data55 === "string"){
if(data55.length > 1000){
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/batching/reason",schemaPath:"#/properties/batching/properties/reason/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid30 = _errs128 === errors;
}
else {
var valid30 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/batching",schemaPath:"#/properties/batching/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs123 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.example !== undefined){
let data56 = data.example;
const _errs130 = errors;
if(errors === _errs130){
if(data56 && typeof data56 == "object" && !Array.isArray(data56)){
if(Object.keys(data56).length > 4096){
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key21 in data56){
const _errs132 = errors;
if(errors === _errs132){
if(typeof key21 === "string"){
if(key21.length > 256){
const err79 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key21};
if(vErrors === null){
vErrors = [err79];
}
else {
vErrors.push(err79);
}
errors++;
}
else {
if(key21.length < 1){
const err80 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key21};
if(vErrors === null){
vErrors = [err80];
}
else {
vErrors.push(err80);
}
errors++;
}
}
}
else {
const err81 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key21};
if(vErrors === null){
vErrors = [err81];
}
else {
vErrors.push(err81);
}
errors++;
}
}
var valid31 = _errs132 === errors;
if(!valid31){
const err82 = {instancePath:instancePath+"/example",schemaPath:"#/properties/example/propertyNames",keyword:"propertyNames",params:{propertyName: key21},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err82];
}
else {
vErrors.push(err82);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid31){
for(const key22 in data56){
let data57 = data56[key22];
const _errs135 = errors;
if(errors === _errs135){
if(data57 && typeof data57 == "object" && !Array.isArray(data57)){
let missing9;
if((((data57.datatype === undefined) && (missing9 = "datatype")) || ((data57.shape === undefined) && (missing9 = "shape"))) || ((data57.data === undefined) && (missing9 = "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/required",keyword:"required",params:{missingProperty: missing9},message:"must have required property '"+missing9+"'"}];
return false;
}
else {
const _errs137 = errors;
for(const key23 in data57){
if(!(((key23 === "datatype") || (key23 === "shape")) || (key23 === "data"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key23},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs137 === errors){
if(data57.datatype !== undefined){
let data58 = data57.datatype;
const _errs138 = errors;
if(!((((((((((((((data58 === "BOOL") || (data58 === "UINT8")) || (data58 === "UINT16")) || (data58 === "UINT32")) || (data58 === "UINT64")) || (data58 === "INT8")) || (data58 === "INT16")) || (data58 === "INT32")) || (data58 === "INT64")) || (data58 === "FP16")) || (data58 === "BF16")) || (data58 === "FP32")) || (data58 === "FP64")) || (data58 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/example/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.example.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid33 = _errs138 === errors;
}
else {
var valid33 = true;
}
if(valid33){
if(data57.shape !== undefined){
let data59 = data57.shape;
const _errs139 = errors;
if(errors === _errs139){
if(Array.isArray(data59)){
if(data59.length > 8){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid34 = true;
const len8 = data59.length;
for(let i9=0; i9<len8; i9++){
let data60 = data59[i9];
const _errs141 = errors;
if(!(((typeof data60 == "number") && (!(data60 % 1) && !isNaN(data60))) && (isFinite(data60)))){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i9,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs141){
if((typeof data60 == "number") && (isFinite(data60))){
if(data60 < 0 || isNaN(data60)){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i9,schemaPath:"#/properties/example/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid34 = _errs141 === errors;
if(!valid34){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/example/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid33 = _errs139 === errors;
}
else {
var valid33 = true;
}
if(valid33){
if(data57.data !== undefined){
let data61 = data57.data;
const _errs143 = errors;
if(errors === _errs143){
if(Array.isArray(data61)){
var valid35 = true;
const len9 = data61.length;
for(let i10=0; i10<len9; i10++){
let data62 = data61[i10];
const _errs145 = errors;
if((!((typeof data62 == "number") && (isFinite(data62)))) && (typeof data62 !== "string")){
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i10,schemaPath:"#/properties/example/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.example.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid35 = _errs145 === errors;
if(!valid35){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/example/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid33 = _errs143 === errors;
}
else {
var valid33 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example/" + key22.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/example/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid32 = _errs135 === errors;
if(!valid32){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/example",schemaPath:"#/properties/example/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs130 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.golden !== undefined){
let data63 = data.golden;
const _errs147 = errors;
if(errors === _errs147){
if(data63 && typeof data63 == "object" && !Array.isArray(data63)){
let missing10;
if(((((data63.inputs === undefined) && (missing10 = "inputs")) || ((data63.outputs === undefined) && (missing10 = "outputs"))) || ((data63.tolerance === undefined) && (missing10 = "tolerance"))) || ((data63.recordedBy === undefined) && (missing10 = "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/required",keyword:"required",params:{missingProperty: missing10},message:"must have required property '"+missing10+"'"}];
return false;
}
else {
const _errs149 = errors;
for(const key24 in data63){
if(!((((key24 === "inputs") || (key24 === "outputs")) || (key24 === "tolerance")) || (key24 === "recordedBy"))){
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key24},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs149 === errors){
if(data63.inputs !== undefined){
let data64 = data63.inputs;
const _errs150 = errors;
if(errors === _errs150){
if(data64 && typeof data64 == "object" && !Array.isArray(data64)){
if(Object.keys(data64).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key25 in data64){
const _errs152 = errors;
if(errors === _errs152){
if(typeof key25 === "string"){
if(key25.length > 256){
const err83 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key25};
if(vErrors === null){
vErrors = [err83];
}
else {
vErrors.push(err83);
}
errors++;
}
else {
if(key25.length < 1){
const err84 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key25};
if(vErrors === null){
vErrors = [err84];
}
else {
vErrors.push(err84);
}
errors++;
}
}
}
else {
const err85 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key25};
if(vErrors === null){
vErrors = [err85];
}
else {
vErrors.push(err85);
}
errors++;
}
}
var valid37 = _errs152 === errors;
if(!valid37){
const err86 = {instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/propertyNames",keyword:"propertyNames",params:{propertyName: key25},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err86];
}
else {
vErrors.push(err86);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid37){
for(const key26 in data64){
let data65 = data64[key26];
const _errs155 = errors;
if(errors === _errs155){
if(data65 && typeof data65 == "object" && !Array.isArray(data65)){
let missing11;
if((((data65.datatype === undefined) && (missing11 = "datatype")) || ((data65.shape === undefined) && (missing11 = "shape"))) || ((data65.data === undefined) && (missing11 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing11},message:"must have required property '"+missing11+"'"}];
return false;
}
else {
const _errs157 = errors;
for(const key27 in data65){
if(!(((key27 === "datatype") || (key27 === "shape")) || (key27 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key27},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs157 === errors){
if(data65.datatype !== undefined){
let data66 = data65.datatype;
const _errs158 = errors;
if(!((((((((((((((data66 === "BOOL") || (data66 === "UINT8")) || (data66 === "UINT16")) || (data66 === "UINT32")) || (data66 === "UINT64")) || (data66 === "INT8")) || (data66 === "INT16")) || (data66 === "INT32")) || (data66 === "INT64")) || (data66 === "FP16")) || (data66 === "BF16")) || (data66 === "FP32")) || (data66 === "FP64")) || (data66 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.inputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid39 = _errs158 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data65.shape !== undefined){
let data67 = data65.shape;
const _errs159 = errors;
if(errors === _errs159){
if(Array.isArray(data67)){
if(data67.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid40 = true;
const len10 = data67.length;
for(let i11=0; i11<len10; i11++){
let data68 = data67[i11];
const _errs161 = errors;
if(!(((typeof data68 == "number") && (!(data68 % 1) && !isNaN(data68))) && (isFinite(data68)))){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i11,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs161){
if((typeof data68 == "number") && (isFinite(data68))){
if(data68 < 0 || isNaN(data68)){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i11,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid40 = _errs161 === errors;
if(!valid40){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid39 = _errs159 === errors;
}
else {
var valid39 = true;
}
if(valid39){
if(data65.data !== undefined){
let data69 = data65.data;
const _errs163 = errors;
if(errors === _errs163){
if(Array.isArray(data69)){
var valid41 = true;
const len11 = data69.length;
for(let i12=0; i12<len11; i12++){
let data70 = data69[i12];
const _errs165 = errors;
if((!((typeof data70 == "number") && (isFinite(data70)))) && (typeof data70 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i12,schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.inputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid41 = _errs165 === errors;
if(!valid41){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/inputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid39 = _errs163 === errors;
}
else {
var valid39 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs/" + key26.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/inputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid38 = _errs155 === errors;
if(!valid38){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/inputs",schemaPath:"#/properties/golden/properties/inputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid36 = _errs150 === errors;
}
else {
var valid36 = true;
}
if(valid36){
if(data63.outputs !== undefined){
let data71 = data63.outputs;
const _errs167 = errors;
if(errors === _errs167){
if(data71 && typeof data71 == "object" && !Array.isArray(data71)){
if(Object.keys(data71).length > 4096){
validate20.errors = [{instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key28 in data71){
const _errs169 = errors;
if(errors === _errs169){
if(typeof key28 === "string"){
if(key28.length > 256){
const err87 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key28};
if(vErrors === null){
vErrors = [err87];
}
else {
vErrors.push(err87);
}
errors++;
}
else {
if(key28.length < 1){
const err88 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/minLength",keyword:"minLength",params:{limit: 1},message:"must NOT have fewer than 1 characters",propertyName:key28};
if(vErrors === null){
vErrors = [err88];
}
else {
vErrors.push(err88);
}
errors++;
}
}
}
else {
const err89 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key28};
if(vErrors === null){
vErrors = [err89];
}
else {
vErrors.push(err89);
}
errors++;
}
}
var valid42 = _errs169 === errors;
if(!valid42){
const err90 = {instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/propertyNames",keyword:"propertyNames",params:{propertyName: key28},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err90];
}
else {
vErrors.push(err90);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid42){
for(const key29 in data71){
let data72 = data71[key29];
const _errs172 = errors;
if(errors === _errs172){
if(data72 && typeof data72 == "object" && !Array.isArray(data72)){
let missing12;
if((((data72.datatype === undefined) && (missing12 = "datatype")) || ((data72.shape === undefined) && (missing12 = "shape"))) || ((data72.data === undefined) && (missing12 = "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/required",keyword:"required",params:{missingProperty: missing12},message:"must have required property '"+missing12+"'"}];
return false;
}
else {
const _errs174 = errors;
for(const key30 in data72){
if(!(((key30 === "datatype") || (key30 === "shape")) || (key30 === "data"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key30},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs174 === errors){
if(data72.datatype !== undefined){
let data73 = data72.datatype;
const _errs175 = errors;
if(!((((((((((((((data73 === "BOOL") || (data73 === "UINT8")) || (data73 === "UINT16")) || (data73 === "UINT32")) || (data73 === "UINT64")) || (data73 === "INT8")) || (data73 === "INT16")) || (data73 === "INT32")) || (data73 === "INT64")) || (data73 === "FP16")) || (data73 === "BF16")) || (data73 === "FP32")) || (data73 === "FP64")) || (data73 === "BYTES"))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/datatype",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/datatype/enum",keyword:"enum",params:{allowedValues: schema31.properties.golden.properties.outputs.additionalProperties.properties.datatype.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid44 = _errs175 === errors;
}
else {
var valid44 = true;
}
if(valid44){
if(data72.shape !== undefined){
let data74 = data72.shape;
const _errs176 = errors;
if(errors === _errs176){
if(Array.isArray(data74)){
if(data74.length > 8){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/maxItems",keyword:"maxItems",params:{limit: 8},message:"must NOT have more than 8 items"}];
return false;
}
else {
var valid45 = true;
const len12 = data74.length;
for(let i13=0; i13<len12; i13++){
let data75 = data74[i13];
const _errs178 = errors;
if(!(((typeof data75 == "number") && (!(data75 % 1) && !isNaN(data75))) && (isFinite(data75)))){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i13,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs178){
if((typeof data75 == "number") && (isFinite(data75))){
if(data75 < 0 || isNaN(data75)){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape/" + i13,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/items/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid45 = _errs178 === errors;
if(!valid45){
break;
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/shape",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/shape/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid44 = _errs176 === errors;
}
else {
var valid44 = true;
}
if(valid44){
if(data72.data !== undefined){
let data76 = data72.data;
const _errs180 = errors;
if(errors === _errs180){
if(Array.isArray(data76)){
var valid46 = true;
const len13 = data76.length;
for(let i14=0; i14<len13; i14++){
let data77 = data76[i14];
const _errs182 = errors;
if((!((typeof data77 == "number") && (isFinite(data77)))) && (typeof data77 !== "string")){
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/data/" + i14,schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/items/type",keyword:"type",params:{type: schema31.properties.golden.properties.outputs.additionalProperties.properties.data.items.type},message:"must be number,string"}];
return false;
}
var valid46 = _errs182 === errors;
if(!valid46){
break;
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1")+"/data",schemaPath:"#/properties/golden/properties/outputs/additionalProperties/properties/data/type",keyword:"type",params:{type: "array"},message:"must be array"}];
return false;
}
}
var valid44 = _errs180 === errors;
}
else {
var valid44 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs/" + key29.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/golden/properties/outputs/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid43 = _errs172 === errors;
if(!valid43){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/outputs",schemaPath:"#/properties/golden/properties/outputs/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid36 = _errs167 === errors;
}
else {
var valid36 = true;
}
if(valid36){
if(data63.tolerance !== undefined){
let data78 = data63.tolerance;
const _errs184 = errors;
if(errors === _errs184){
if(data78 && typeof data78 == "object" && !Array.isArray(data78)){
let missing13;
if(((data78.relative === undefined) && (missing13 = "relative")) || ((data78.absolute === undefined) && (missing13 = "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/required",keyword:"required",params:{missingProperty: missing13},message:"must have required property '"+missing13+"'"}];
return false;
}
else {
const _errs186 = errors;
for(const key31 in data78){
if(!((key31 === "relative") || (key31 === "absolute"))){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key31},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs186 === errors){
if(data78.relative !== undefined){
let data79 = data78.relative;
const _errs187 = errors;
if(errors === _errs187){
if((typeof data79 == "number") && (isFinite(data79))){
if(data79 < 0 || isNaN(data79)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/relative",schemaPath:"#/properties/golden/properties/tolerance/properties/relative/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid47 = _errs187 === errors;
}
else {
var valid47 = true;
}
if(valid47){
if(data78.absolute !== undefined){
let data80 = data78.absolute;
const _errs189 = errors;
if(errors === _errs189){
if((typeof data80 == "number") && (isFinite(data80))){
if(data80 < 0 || isNaN(data80)){
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance/absolute",schemaPath:"#/properties/golden/properties/tolerance/properties/absolute/type",keyword:"type",params:{type: "number"},message:"must be number"}];
return false;
}
}
var valid47 = _errs189 === errors;
}
else {
var valid47 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/tolerance",schemaPath:"#/properties/golden/properties/tolerance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid36 = _errs184 === errors;
}
else {
var valid36 = true;
}
if(valid36){
if(data63.recordedBy !== undefined){
let data81 = data63.recordedBy;
const _errs191 = errors;
if(errors === _errs191){
if(typeof data81 === "string"){
if(data81.length > 100){
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/maxLength",keyword:"maxLength",params:{limit: 100},message:"must NOT have more than 100 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden/recordedBy",schemaPath:"#/properties/golden/properties/recordedBy/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid36 = _errs191 === errors;
}
else {
var valid36 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/golden",schemaPath:"#/properties/golden/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs147 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.files !== undefined){
let data82 = data.files;
const _errs193 = errors;
if(errors === _errs193){
if(data82 && typeof data82 == "object" && !Array.isArray(data82)){
if(Object.keys(data82).length > 4096){
validate20.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/maxProperties",keyword:"maxProperties",params:{limit: 4096},message:"must NOT have more than 4096 properties"}];
return false;
}
else {
for(const key32 in data82){
const _errs195 = errors;
if(errors === _errs195){
if(typeof key32 === "string"){
if(key32.length > 256){
const err91 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters",propertyName:key32};
if(vErrors === null){
vErrors = [err91];
}
else {
vErrors.push(err91);
}
errors++;
}
else {
if(!pattern5.test(key32)){
const err92 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/pattern",keyword:"pattern",params:{pattern: "^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"},message:"must match pattern \""+"^(?!.*(^|/)\\.{1,2}(/|$))[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$"+"\"",propertyName:key32};
if(vErrors === null){
vErrors = [err92];
}
else {
vErrors.push(err92);
}
errors++;
}
}
}
else {
const err93 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames/type",keyword:"type",params:{type: "string"},message:"must be string",propertyName:key32};
if(vErrors === null){
vErrors = [err93];
}
else {
vErrors.push(err93);
}
errors++;
}
}
var valid48 = _errs195 === errors;
if(!valid48){
const err94 = {instancePath:instancePath+"/files",schemaPath:"#/properties/files/propertyNames",keyword:"propertyNames",params:{propertyName: key32},message:"property name must be valid"};
if(vErrors === null){
vErrors = [err94];
}
else {
vErrors.push(err94);
}
errors++;
validate20.errors = vErrors;
return false;
break;
}
}
if(valid48){
for(const key33 in data82){
let data83 = data82[key33];
const _errs198 = errors;
if(errors === _errs198){
if(data83 && typeof data83 == "object" && !Array.isArray(data83)){
let missing14;
if(((data83.sha256 === undefined) && (missing14 = "sha256")) || ((data83.sizeBytes === undefined) && (missing14 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/required",keyword:"required",params:{missingProperty: missing14},message:"must have required property '"+missing14+"'"}];
return false;
}
else {
const _errs200 = errors;
for(const key34 in data83){
if(!((key34 === "sha256") || (key34 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key34},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs200 === errors){
if(data83.sha256 !== undefined){
let data84 = data83.sha256;
const _errs201 = errors;
if(errors === _errs201){
if(typeof data84 === "string"){
if(!pattern10.test(data84)){
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1")+"/sha256",schemaPath:"#/properties/files/additionalProperties/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid50 = _errs201 === errors;
}
else {
var valid50 = true;
}
if(valid50){
if(data83.sizeBytes !== undefined){
let data85 = data83.sizeBytes;
const _errs203 = errors;
if(!(((typeof data85 == "number") && (!(data85 % 1) && !isNaN(data85))) && (isFinite(data85)))){
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs203){
if((typeof data85 == "number") && (isFinite(data85))){
if(data85 < 0 || isNaN(data85)){
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1")+"/sizeBytes",schemaPath:"#/properties/files/additionalProperties/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid50 = _errs203 === errors;
}
else {
var valid50 = true;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files/" + key33.replace(/~/g, "~0").replace(/\//g, "~1"),schemaPath:"#/properties/files/additionalProperties/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid49 = _errs198 === errors;
if(!valid49){
break;
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/files",schemaPath:"#/properties/files/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs193 === errors;
}
else {
var valid0 = true;
}
if(valid0){
if(data.provenance !== undefined){
let data86 = data.provenance;
const _errs205 = errors;
if(errors === _errs205){
if(data86 && typeof data86 == "object" && !Array.isArray(data86)){
let missing15;
if(((((data86.format === undefined) && (missing15 = "format")) || ((data86.source === undefined) && (missing15 = "source"))) || ((data86.producer === undefined) && (missing15 = "producer"))) || ((data86.compilerRevision === undefined) && (missing15 = "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/required",keyword:"required",params:{missingProperty: missing15},message:"must have required property '"+missing15+"'"}];
return false;
}
else {
const _errs207 = errors;
for(const key35 in data86){
if(!((((key35 === "format") || (key35 === "source")) || (key35 === "producer")) || (key35 === "compilerRevision"))){
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key35},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs207 === errors){
if(data86.format !== undefined){
let data87 = data86.format;
const _errs208 = errors;
if(!(((((((((data87 === "onnx") || (data87 === "pipeline")) || (data87 === "pickle")) || (data87 === "xgboost")) || (data87 === "lightgbm")) || (data87 === "pt2")) || (data87 === "torchscript")) || (data87 === "python")) || (data87 === "typescript"))){
validate20.errors = [{instancePath:instancePath+"/provenance/format",schemaPath:"#/properties/provenance/properties/format/enum",keyword:"enum",params:{allowedValues: schema31.properties.provenance.properties.format.enum},message:"must be equal to one of the allowed values"}];
return false;
}
var valid51 = _errs208 === errors;
}
else {
var valid51 = true;
}
if(valid51){
if(data86.source !== undefined){
let data88 = data86.source;
const _errs209 = errors;
if(errors === _errs209){
if(data88 && typeof data88 == "object" && !Array.isArray(data88)){
let missing16;
if((((data88.fileName === undefined) && (missing16 = "fileName")) || ((data88.sha256 === undefined) && (missing16 = "sha256"))) || ((data88.sizeBytes === undefined) && (missing16 = "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/required",keyword:"required",params:{missingProperty: missing16},message:"must have required property '"+missing16+"'"}];
return false;
}
else {
const _errs211 = errors;
for(const key36 in data88){
if(!(((key36 === "fileName") || (key36 === "sha256")) || (key36 === "sizeBytes"))){
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/additionalProperties",keyword:"additionalProperties",params:{additionalProperty: key36},message:"must NOT have additional properties"}];
return false;
break;
}
}
if(_errs211 === errors){
if(data88.fileName !== undefined){
let data89 = data88.fileName;
const _errs212 = errors;
if(errors === _errs212){
if(typeof data89 === "string"){
if(data89.length > 256){
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/maxLength",keyword:"maxLength",params:{limit: 256},message:"must NOT have more than 256 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/fileName",schemaPath:"#/properties/provenance/properties/source/properties/fileName/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid52 = _errs212 === errors;
}
else {
var valid52 = true;
}
if(valid52){
if(data88.sha256 !== undefined){
let data90 = data88.sha256;
const _errs214 = errors;
if(errors === _errs214){
if(typeof data90 === "string"){
if(!pattern10.test(data90)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/pattern",keyword:"pattern",params:{pattern: "^[0-9a-f]{64}$"},message:"must match pattern \""+"^[0-9a-f]{64}$"+"\""}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source/sha256",schemaPath:"#/properties/provenance/properties/source/properties/sha256/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid52 = _errs214 === errors;
}
else {
var valid52 = true;
}
if(valid52){
if(data88.sizeBytes !== undefined){
let data91 = data88.sizeBytes;
const _errs216 = errors;
if(!(((typeof data91 == "number") && (!(data91 % 1) && !isNaN(data91))) && (isFinite(data91)))){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs216){
if((typeof data91 == "number") && (isFinite(data91))){
if(data91 < 0 || isNaN(data91)){
validate20.errors = [{instancePath:instancePath+"/provenance/source/sizeBytes",schemaPath:"#/properties/provenance/properties/source/properties/sizeBytes/minimum",keyword:"minimum",params:{comparison: ">=", limit: 0},message:"must be >= 0"}];
return false;
}
}
}
var valid52 = _errs216 === errors;
}
else {
var valid52 = true;
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/source",schemaPath:"#/properties/provenance/properties/source/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid51 = _errs209 === errors;
}
else {
var valid51 = true;
}
if(valid51){
if(data86.producer !== undefined){
let data92 = data86.producer;
const _errs218 = errors;
if(errors === _errs218){
if(typeof data92 === "string"){
if(data92.length > 1000){
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/maxLength",keyword:"maxLength",params:{limit: 1000},message:"must NOT have more than 1000 characters"}];
return false;
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance/producer",schemaPath:"#/properties/provenance/properties/producer/type",keyword:"type",params:{type: "string"},message:"must be string"}];
return false;
}
}
var valid51 = _errs218 === errors;
}
else {
var valid51 = true;
}
if(valid51){
if(data86.compilerRevision !== undefined){
let data93 = data86.compilerRevision;
const _errs220 = errors;
if(!(((typeof data93 == "number") && (!(data93 % 1) && !isNaN(data93))) && (isFinite(data93)))){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/type",keyword:"type",params:{type: "integer"},message:"must be integer"}];
return false;
}
if(errors === _errs220){
if((typeof data93 == "number") && (isFinite(data93))){
if(data93 < 1 || isNaN(data93)){
validate20.errors = [{instancePath:instancePath+"/provenance/compilerRevision",schemaPath:"#/properties/provenance/properties/compilerRevision/minimum",keyword:"minimum",params:{comparison: ">=", limit: 1},message:"must be >= 1"}];
return false;
}
}
}
var valid51 = _errs220 === errors;
}
else {
var valid51 = true;
}
}
}
}
}
}
}
else {
validate20.errors = [{instancePath:instancePath+"/provenance",schemaPath:"#/properties/provenance/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
var valid0 = _errs205 === errors;
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
validate20.errors = [{instancePath,schemaPath:"#/type",keyword:"type",params:{type: "object"},message:"must be object"}];
return false;
}
}
validate20.errors = vErrors;
return errors === 0;
}
validate20.evaluated = {"props":true,"dynamicProps":false,"dynamicItems":false};
